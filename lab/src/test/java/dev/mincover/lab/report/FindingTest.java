package dev.mincover.lab.report;

import static dev.mincover.lab.report.SampleRuns.settings;
import static dev.mincover.lab.report.SampleRuns.sm3;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.lab.optimizer.OptimizerSettings;
import dev.mincover.lab.run.RunDirectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FindingTest {
  private static final OptimizerSettings ADAM = settings("adam", 0.002, 0.9);

  @TempDir private Path folder;

  private RunDirectory run(
      OptimizerSettings optimizer, long seed, @Nullable Double bits, int bytes) {
    return SampleRuns.write(
        folder.resolve("%s-%d-%d".formatted(optimizer.name(), seed, bytes)),
        optimizer,
        seed,
        bits == null ? null : bits * Math.log(2),
        bytes);
  }

  private static List<Series> series(RunDirectory... runs) {
    return Series.of(Stream.of(runs).map(ReportedRun::read).toList());
  }

  private static Finding finding(RunDirectory... runs) {
    return Finding.of(series(runs));
  }

  @Test
  void comparesSm3WithAdam() {
    RunDirectory sm3 = run(sm3(), 1, 2.02, 4_080);
    assertThat(finding(run(ADAM, 1, 2.0, 8_000), sm3).headline())
        .isEqualTo(
            "SM3 ends at 2.020 bits per byte, 1.0 % above Adam, with 51 % of Adam\u2019s optimizer memory");
    assertThat(finding(run(ADAM, 2, 2.2, 8_000), sm3).headline()).contains("8.2 % below Adam");
    assertThat(finding(run(ADAM, 3, 2.0201, 8_000), sm3).headline()).contains("level with Adam");
  }

  @Test
  void comparesOneRunOfSm3WithWhatAdamWouldTake() {
    Finding finding = finding(run(sm3(), 1, 2.5, 80));
    assertThat(finding.headline())
        .isEqualTo(
            "SM3 ends at 2.500 bits per byte with 1.0 % of the optimizer memory Adam would take");
    assertThat(finding.notes())
        .containsExactly("One run with one seed: other seeds give other losses.");
  }

  @Test
  void tellsWhichEndsLowestWithoutSm3() {
    assertThat(
            finding(run(ADAM, 1, 2.5, 8_000), run(settings("adagrad", 0.02, 0), 1, 2.25, 4_000))
                .headline())
        .isEqualTo(
            "AdaGrad ends lowest, at 2.250 bits per byte with 4.00 bytes of optimizer state a weight");
    assertThat(finding(run(ADAM, 9, 2.5, 8_000)).headline())
        .isEqualTo("Adam ends at 2.500 bits per byte with 8.00 bytes of optimizer state a weight");
  }

  @Test
  void takesTheBestOfSeveralAndNamesIt() {
    Finding finding =
        finding(
            run(settings("sm3", 0.02, 0), 1, 2.4, 80),
            run(sm3(), 1, 2.2, 4_080),
            run(sm3(), 2, 2.0, 4_080));
    assertThat(finding.headline()).startsWith("SM3-II, momentum 0.9 ends at 2.100 bits per byte");
    assertThat(finding.notes())
        .containsExactly("Losses are means over the seeds, with their standard deviation.");
  }

  @Test
  void warnsOfRunsThatFailed() {
    Finding finding = finding(run(sm3(), 1, null, 4_080));
    assertThat(finding.headline()).isEqualTo("No run has a validation loss");
    assertThat(finding.notes()).contains("sm3-1-4080 is not finished: it has 50 steps.");
  }

  @Test
  void aRunThatGoesOnHasNotEnded() throws Exception {
    RunDirectory run = run(sm3(), 1, 1.5, 4_080);
    String summary = Files.readString(run.summary());
    Files.writeString(
        run.summary(), summary.replace("\"finished\" : true", "\"finished\" : false"));
    assertThat(finding(run).headline())
        .isEqualTo(
            "SM3 is at 1.500 bits per byte with 51 % of the optimizer memory Adam would take");
  }

  @Test
  void seriesAreRunsThatDifferInTheirSeedAlone() {
    List<Series> series =
        series(
            run(ADAM, 1, 2.0, 8_000),
            run(sm3(), 1, 2.2, 4_080),
            run(settings("sm3", 0.04, 0.9), 1, 2.3, 4_081),
            run(sm3(), 2, 2.0, 4_080));
    assertThat(series)
        .extracting(Series::name)
        .containsExactly(
            "SM3-II, momentum 0.9, learning rate 0.02",
            "SM3-II, momentum 0.9, learning rate 0.04",
            "Adam, momentum 0.9");
    assertThat(series).extracting(each -> each.runs().size()).containsExactly(2, 1, 1);
  }

  @Test
  void libtorchsFusedAdamIsAdam() {
    Finding finding =
        finding(
            run(sm3(), 1, 2.2, 4_080),
            run(settings("torch-fused-adam", 0.002, 0.9), 1, 2.0, 8_000));
    assertThat(finding.headline())
        .isEqualTo(
            "SM3 ends at 2.200 bits per byte, 10 % above Adam, with 51 % of Adam\u2019s optimizer memory");
  }
}
