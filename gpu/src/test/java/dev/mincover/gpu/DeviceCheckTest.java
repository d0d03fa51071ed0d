package dev.mincover.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.gpu.device.Device;
import dev.mincover.gpu.device.TestDevices;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The check of new hardware: it passes here, and finds hardware that computes otherwise. */
class DeviceCheckTest {

  @Test
  void thisDeviceHasCoresBits() {
    DeviceCheck.Report report = DeviceCheck.run(Devices.FORWARDS.device());
    assertThat(report.difference()).isEmpty();
    assertThat(report.compared()).isGreaterThan(1000);
  }

  static Stream<Arguments> mistakes() {
    return Stream.of(
        Arguments.of("x / sqrt(nu)", "x * (1 / sqrt(nu))"),
        Arguments.of("float nu = before + x * x;", "float nu = fma(x, x, before);"),
        Arguments.of("x / sqrt(nu)", "fabs(x) / sqrt(nu)"),
        Arguments.of("before + x * x", "FLOAT_OF(c[v]) + x * x"),
        Arguments.of("if (ty > 0) for", "if (ty > 1) for"),
        Arguments.of("raise(t, next, 0, leading", "raise(t, next, 1, leading"),
        Arguments.of("% 3 * accumulators;\n  ONE_BY_ONE", "% 3 * 0;\n  ONE_BY_ONE"),
        Arguments.of("after[k] = 0", "after[k] = 0x7f000000"),
        Arguments.of("keepWeight * w[v] - eta * d", "w[v] - eta * d"),
        Arguments.of("0xbf58476d1ce4e5b9UL", "0xbf58476d1ce4e5b8UL"));
  }

  @ParameterizedTest
  @MethodSource("mistakes")
  void aMistakeIsFound(String right, String wrong) {
    boolean[] made = {false};
    UnaryOperator<String> mistake =
        source -> {
          made[0] |= source.contains(right);
          return source.replace(right, wrong);
        };
    try (Device device = TestDevices.withMistake(mistake)) {
      assertThat(DeviceCheck.run(device).isEqual()).isFalse();
      assertThat(made[0]).isTrue();
    }
  }
}
