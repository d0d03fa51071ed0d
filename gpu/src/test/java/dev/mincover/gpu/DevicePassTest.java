package dev.mincover.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.gpu.device.Device;
import dev.mincover.gpu.device.DeviceMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The passes that steps are measured by, over tensors of several pieces and of none. */
class DevicePassTest {

  private static final Device DEVICE = Devices.FORWARDS.device();
  private static final int[] SIZES = {1, 3, 4, 0, 8_192, 20_001};

  private static float[] values(int n, float first) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = first + i * 0.37f;
    }
    return values;
  }

  @Test
  void everyValueIsMovedOrCopied() {
    List<DeviceMemory> weights = new ArrayList<>();
    List<DeviceMemory> gradients = new ArrayList<>();
    for (int size : SIZES) {
      weights.add(DEVICE.allocate(4L * size));
      gradients.add(DEVICE.allocate(4L * size));
      weights.getLast().upload(MemorySegment.ofArray(values(size, 1)));
      gradients.getLast().upload(MemorySegment.ofArray(values(size, -3)));
    }
    try (DevicePass sgd = DevicePass.sgd(DEVICE, weights, gradients, 0.1f)) {
      sgd.run();
    }
    for (int i = 0; i < SIZES.length; i++) {
      float[] expected = values(SIZES[i], 1);
      float[] g = values(SIZES[i], -3);
      for (int j = 0; j < expected.length; j++) {
        expected[j] = expected[j] - 0.1f * g[j];
      }
      assertThat(read(weights.get(i))).containsExactly(expected);
    }
    try (DevicePass copy = DevicePass.copy(DEVICE, weights, gradients)) {
      copy.run();
    }
    for (int i = 0; i < SIZES.length; i++) {
      assertThat(read(weights.get(i))).containsExactly(values(SIZES[i], -3));
    }
    assertThatThrownBy(() -> DevicePass.copy(DEVICE, weights, gradients.subList(0, 2)))
        .isInstanceOf(IllegalArgumentException.class);
    weights.forEach(DeviceMemory::close);
    gradients.forEach(DeviceMemory::close);
  }

  private static float[] read(DeviceMemory memory) {
    float[] values = new float[Math.toIntExact(memory.byteSize() / 4)];
    memory.download(MemorySegment.ofArray(values));
    return values;
  }
}
