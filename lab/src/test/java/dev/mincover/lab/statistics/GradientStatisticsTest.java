package dev.mincover.lab.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.checkpoint.SafetensorsFile;
import dev.mincover.lab.common.SafetensorsBytes;
import dev.mincover.lab.common.TensorFile;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
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
      assertThat(file.hasChecksum()).isTrue();
      assertThat(file.metadata()).containsEntry("steps", "7").containsEntry("parameters", "h.0/w");
      assertThat(file.tensors())
          .extracting(tensor -> tensor.name() + " " + tensor.shape())
          .containsExactlyInAnyOrder(
              "h.0/w/adagrad [2, 3]",
              "h.0/w/sm3-ii/0 [2]",
              "h.0/w/sm3-ii/1 [3]",
              "h.0/w/sm3-i/0 [2]",
              "h.0/w/sm3-i/1 [3]",
              "h.0/w/optimizer/0 [1]");
    }
  }

  /** Axes are numbers, whose order is not that of names. */
  @Test
  void moreThanTenAxesStayInOrder() {
    long[] shape = new long[12];
    Arrays.setAll(shape, axis -> axis == 2 ? 2 : 1);
    float[][] mu = new float[12][];
    Arrays.setAll(mu, axis -> axis == 2 ? new float[] {2, 3} : new float[] {axis});
    ParameterStatistics many =
        new ParameterStatistics(
            "w", Shape.of(shape), new float[] {4, 5}, mu, mu.clone(), new float[0][]);
    new GradientStatistics(7, List.of(many)).write(run.statistics());
    assertThat(GradientStatistics.read(run).parameters())
        .usingRecursiveFieldByFieldElementComparator()
        .containsExactly(many);
  }

  /** Which kept the order of the model, and had neither a list of it nor a checksum. */
  @Test
  void statisticsOfEarlierVersionsAreRead() throws IOException {
    new GradientStatistics(7, List.of(MATRIX, VECTOR)).write(run.statistics());
    RunDirectory old = new RunDirectory(Files.createTempDirectory(folder, "old"));
    try (SafetensorsFile file = TensorFile.open(run.statistics())) {
      List<NamedTensor> tensors = new ArrayList<>(SafetensorsBytes.tensors(file));
      tensors.sort(Comparator.comparing(tensor -> !tensor.name().startsWith("h.0/")));
      SafetensorsBytes.writeOld(old.statistics(), tensors, Map.of("steps", "7"));
    }
    assertThat(GradientStatistics.read(old).parameters())
        .usingRecursiveFieldByFieldElementComparator()
        .containsExactly(MATRIX, VECTOR);
  }

  @Test
  void aRunWithoutStatisticsIsToldHowToGetThem() {
    assertThatThrownBy(() -> GradientStatistics.read(run))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("no statistics.safetensors in " + folder)
        .hasMessageContaining("--statistics all");
  }

  @Test
  void aFileOfSomethingElseIsRefused() {
    TensorFile.write(run.statistics(), List.of(), Map.of());
    refuses(" does not tell the number of steps; give the statistics of a training run");
  }

  @Test
  void missingTensorsAreNamed() {
    new GradientStatistics(7, List.of(MATRIX)).write(run.statistics());
    refusesWithout("sm3-i/1", "1 entries in sm3-i, expected 2");
    refusesWithout("adagrad", "it lacks tensor 'h.0/w/adagrad'");
  }

  private void refusesWithout(String tensor, String why) {
    Path whole = folder.resolve("whole");
    new GradientStatistics(7, List.of(MATRIX)).write(whole);
    try (SafetensorsFile file = TensorFile.open(whole)) {
      List<NamedTensor> some = new ArrayList<>(SafetensorsBytes.tensors(file));
      assertThat(some.removeIf(each -> each.name().endsWith(tensor))).isTrue();
      TensorFile.write(run.statistics(), some, file.metadata());
    }
    refuses(why + "; train again with --statistics all");
  }

  private void refuses(String why) {
    assertThatThrownBy(() -> GradientStatistics.read(run))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith(run.statistics().toString())
        .hasMessageEndingWith(why);
  }
}
