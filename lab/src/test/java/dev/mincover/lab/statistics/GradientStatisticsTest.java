package dev.mincover.lab.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.checkpoint.SafetensorsFile;
import dev.mincover.checkpoint.StoredTensor;
import dev.mincover.lab.common.StoredTensors;
import dev.mincover.lab.common.TensorFile;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.tensor.Shape;
import java.io.IOException;
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
    try (SafetensorsFile file = TensorFile.open(run.statistics())) {
      assertThat(file.metadata()).containsEntry("steps", "7");
      assertThat(file.tensors())
          .extracting(StoredTensor::name)
          .containsExactly(
              "h.0/w/adagrad",
              "h.0/w/sm3-ii/0",
              "h.0/w/sm3-ii/1",
              "h.0/w/sm3-i/0",
              "h.0/w/sm3-i/1",
              "h.0/w/optimizer/0");
      assertThat(TensorFile.require(file, "h.0/w/adagrad").shape()).isEqualTo(Shape.of(2, 3));
      assertThat(TensorFile.require(file, "h.0/w/sm3-i/1").shape()).isEqualTo(Shape.of(3));
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
    TensorFile.write(run.statistics(), List.of(), Map.of());
    assertThatThrownBy(() -> GradientStatistics.read(run))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("does not tell the number of steps");

    new GradientStatistics(7, List.of(MATRIX)).write(run.statistics());
    List<NamedTensor> some =
        StoredTensors.of(run.statistics()).stream()
            .filter(tensor -> !tensor.name().endsWith("sm3-i/1"))
            .toList();
    RunDirectory damaged = new RunDirectory(Files.createTempDirectory(folder, "damaged"));
    TensorFile.write(damaged.statistics(), some, StoredTensors.metadata(run.statistics()));
    assertThatThrownBy(() -> GradientStatistics.read(damaged))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("is damaged")
        .hasMessageContaining("1 entries in sm3-i, expected 2");
  }

  @Test
  void filesOfOlderVersionsAreRead() throws IOException {
    new GradientStatistics(7, List.of(MATRIX)).write(run.statistics());
    RunDirectory old = new RunDirectory(Files.createTempDirectory(folder, "old"));
    StoredTensors.writeWithoutChecksum(
        old.statistics(), StoredTensors.of(run.statistics()), Map.of("steps", "7"));
    assertThat(GradientStatistics.read(old))
        .usingRecursiveComparison()
        .isEqualTo(GradientStatistics.read(run));
  }
}
