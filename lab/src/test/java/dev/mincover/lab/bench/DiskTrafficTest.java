package dev.mincover.lab.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.lab.common.Machine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class DiskTrafficTest {

  @Test
  void isWhatHasComeSince() {
    assertThat(new DiskTraffic(30, 500).since(new DiskTraffic(10, 200)))
        .isEqualTo(new DiskTraffic(20, 300));
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void linuxCounts() {
    assertThat(DiskTraffic.now())
        .hasValueSatisfying(now -> assertThat(now.written()).isNotNegative());
    assertThat(Machine.peakMemory().orElse(0)).isPositive();
    assertThat(Machine.availableMemory()).isBetween(1L, Machine.physicalMemory());
  }
}
