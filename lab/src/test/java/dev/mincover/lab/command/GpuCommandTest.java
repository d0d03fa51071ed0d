package dev.mincover.lab.command;

import static dev.mincover.lab.command.Result.mincover;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.mincover.gpu.device.Device;
import java.util.List;
import org.junit.jupiter.api.Test;

class GpuCommandTest {

  private static Result gpu(String... arguments) {
    return mincover("gpu", List.of(arguments));
  }

  @Test
  void saysInALineThatADeviceHasTheBitsOfTheCpu() {
    Result result = gpu("--device=opencl");
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out().strip())
        .matches("OpenCL: .*: the bits of the CPU in all [0-9,]+ comparisons \\([0-9.]+ s\\)");
    assertThat(result.err()).isEmpty();
  }

  @Test
  void aMachineWithoutADeviceIsToldSoInOneLine() {
    assumeThat(Device.descriptions()).noneMatch(line -> line.startsWith("CUDA: "));
    Result result = gpu("--device", "cuda");
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err().strip())
        .startsWith("mincover: no device: ")
        .contains("CUDA")
        .doesNotContain("\n");
    assertThat(result.out()).isEmpty();
  }

  @Test
  void anUnknownKindIsRefused() {
    Result result = gpu("--device", "tpu");
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("--device: 'tpu' is none of cuda and opencl");
  }
}
