package dev.mincover.lab.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.tensor.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkloadTest {

  @Test
  void dimensionsAreOneTensor() {
    assertThat(Workload.of("512x512x3x3"))
        .isEqualTo(new Workload("512x512x3x3", List.of(Shape.of(512, 512, 3, 3))));
    assertThat(Workload.of("1000000").tensors()).containsExactly(Shape.of(1_000_000));
    assertThat(Workload.of("4096x8").slices()).isEqualTo(4096 + 8);
  }

  @Test
  void gpt2IsThatOfItsAuthors() {
    Workload gpt2 = Workload.of("gpt2");
    assertThat(gpt2.tensors()).hasSize(148);
    assertThat(gpt2.weights()).isEqualTo(124_439_808);
  }

  @Test
  void tinyIsManyTensors() {
    assertThat(Workload.of("tiny").tensors()).hasSize(10_000);
    assertThat(Workload.of("tiny").weights()).isEqualTo(640_000);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "gpt3", "0", "4x0", "4x", "x4", "4X4", "-1", "4*4", "1 2", "07"})
  void whatIsNoShapeIsRefused(String name) {
    assertThatThrownBy(() -> Workload.of(name))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("'%s' is no shape; give dimensions such as 4096x4096, gpt2 or tiny", name);
  }

  @Test
  void moreWeightsThanCanBeCountedAreRefused() {
    assertThatThrownBy(() -> Workload.of("4000000000x4000000000"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("more values than 64 bits can count");
  }
}
