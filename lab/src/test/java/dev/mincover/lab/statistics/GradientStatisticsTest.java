package dev.mincover.lab.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.lab.common.UserError;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.safetensors.Safetensors;
import dev.mincover.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GradientStatisticsTest {

  private static final ParameterStatistics MATRIX =
      new ParameterStatistics(
          "h.0/w",
          Shape.of(2, 3),
          new float[] {1, 2, 0, 4, 5, Float.MIN_VALUE},
          new float[][] {{3, 7}, {4, 6, 8}},
          new float[][] {{5, 9}, {4, 6, 10}},
          new float[][] {{0.5f}});

  private static final ParameterStatistics VECTOR =
      new ParameterStatistics(
          "b",
          Shape.of(2),
          new float[] {1, 2},
          new float[][] {{1, 2}},
          new float[][] {{1, 2}},
          new float[0][]);

  @TempDir private Path folder;
  private RunDirectory run;

  @BeforeEach
  void nameTheRun() {
    run = new RunDirectory(folder);
  }

  @Test
  void aFileReadsBackAsItWas() {
    assertThat(GradientStatistics.areIn(run)).isFalse();
    new GradientStatistics(7, List.of(MATRIX, VECTOR)).write(run.statistics());
    assertThat(GradientStatistics.areIn(run)).isTrue();
    GradientStatistics read = GradientStatistics.read(run);
    assertThat(read.steps()).isEqualTo(7);
    assertThat(read.parameters())
        .usingRecursiveFieldByFieldElementComparator()
        .containsExactly(MATRIX, VECTOR);
    assertThat(read.parameter("b").adagrad()).containsExactly(1, 2);
    assertThatThrownBy(() -> read.parameter("c"))
        .isInstanceOf(UserError.class)
        .hasMessage("no statistics of parameter c were recorded");
  }

  @Test
  void tensorsAreNamedAfterParameterAndAlgorithm() {
    new GradientStatistics(7, List.of(MATRIX)).write(run.statistics());
    try (Arena arena = Arena.ofConfined()) {
      Safetensors file = Safetensors.read(run.statistics(), arena);
      assertThat(file.metadata()).containsExactly(Map.entry("steps", "7"));
      assertThat(file.tensors())
          .extracting(Safetensors.Tensor::name)
          .containsExactly(
              "h.0/w/adagrad",
              "h.0/w/sm3-ii/0",
              "h.0/w/sm3-ii/1",
              "h.0/w/sm3-i/0",
              "h.0/w/sm3-i/1",
              "h.0/w/optimizer/0");
      assertThat(file.tensor("h.0/w/adagrad").shape()).containsExactly(2, 3);
      assertThat(file.tensor("h.0/w/sm3-i/1").shape()).containsExactly(3);
    }
  }

  @Test
  void aRunWithoutStatisticsIsToldHowToGetThem() {
    assertThatThrownBy(() -> GradientStatistics.read(run))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("no statistics.safetensors in " + folder)
        .hasMessageContaining("--statistics all");
  }

  @Test
  void aFileOfSomethingElseIsRefused() throws IOException {
    new Safetensors(List.of(), Map.of()).write(run.statistics());
    assertThatThrownBy(() -> GradientStatistics.read(run))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("does not tell the number of steps");

    new GradientStatistics(7, List.of(MATRIX)).write(run.statistics());
    try (Arena arena = Arena.ofConfined()) {
      Safetensors whole = Safetensors.read(run.statistics(), arena);
      List<Safetensors.Tensor> some =
          whole.tensors().stream().filter(t -> !t.name().endsWith("sm3-i/1")).toList();
      RunDirectory damaged = new RunDirectory(Files.createTempDirectory(folder, "damaged"));
      new Safetensors(some, whole.metadata()).write(damaged.statistics());
      assertThatThrownBy(() -> GradientStatistics.read(damaged))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("is damaged")
          .hasMessageContaining("1 entries in sm3-i, expected 2");
    }
  }
}
