package dev.mincover.lab.libtorch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.mincover.lab.common.Machine;
import dev.mincover.lab.common.UserError;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class CpuSwitchesTest {

  private static final Set<String> HASWELL = Set.of("fpu", "sse2", "avx", "avx2", "fma");

  @Test
  void everyProcessorWithAvx2CanFollow() {
    assertThatCode(() -> CpuSwitches.requirePortable("amd64", HASWELL, true))
        .doesNotThrowAnyException();
    assertThatCode(() -> CpuSwitches.requirePortable("x86_64", HASWELL, true))
        .doesNotThrowAnyException();
  }

  @Test
  void othersAreRefused() {
    assertThatThrownBy(() -> CpuSwitches.requirePortable("aarch64", Set.of("asimd"), true))
        .isInstanceOf(UserError.class)
        .hasMessage("--portable is for x86-64 processors, and this is aarch64; leave it out");
    for (Set<String> flags : Set.of(Set.of("avx", "fma"), Set.of("avx2"), Set.<String>of())) {
      assertThatThrownBy(() -> CpuSwitches.requirePortable("amd64", flags, true))
          .isInstanceOf(UserError.class)
          .hasMessage(
              "--portable is for processors with AVX2 and FMA, and %s has not both; leave it out",
              Machine.processor());
    }
    assertThatThrownBy(() -> CpuSwitches.requirePortable("amd64", Set.of(), false))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(
            "set ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 OPENBLAS_CORETYPE=HASWELL");
  }

  /** What libtorch has chosen stays, so that a switch set now would be a lie. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void afterLibtorchIsLoadedItIsTooLate() {
    assumeTrue(Machine.processorFlags().containsAll(Set.of("avx2", "fma")));
    torch.get_num_threads();
    Map<String, String> before = CpuSwitches.inForce();
    assertThatThrownBy(CpuSwitches::usePortable).isInstanceOf(IllegalStateException.class);
    assertThat(CpuSwitches.inForce()).isEqualTo(before);
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void theEnvironmentIsTheProcesssOwn() {
    assertThat(ProcessEnvironment.get("PATH")).isEqualTo(System.getenv("PATH"));
    assertThat(ProcessEnvironment.get("MINCOVER_TEST_VARIABLE")).isNull();
    ProcessEnvironment.set("MINCOVER_TEST_VARIABLE", "a=b c");
    assertThat(ProcessEnvironment.get("MINCOVER_TEST_VARIABLE")).isEqualTo("a=b c");
    ProcessEnvironment.set("MINCOVER_TEST_VARIABLE", "d");
    assertThat(ProcessEnvironment.get("MINCOVER_TEST_VARIABLE")).isEqualTo("d");
  }
}
