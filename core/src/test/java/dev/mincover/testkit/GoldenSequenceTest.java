package dev.mincover.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GoldenSequenceTest {

  static List<GoldenSequence> all() {
    return Stream.of(
            GoldenSequence.authors(),
            GoldenSequence.authorsSparse(),
            GoldenSequence.paper(),
            GoldenSequence.published(),
            GoldenSequence.probes())
        .flatMap(List::stream)
        .toList();
  }

  private static GoldenSequence named(String name) {
    return all().stream().filter(s -> s.name().equals(name)).findFirst().orElseThrow();
  }

  @Test
  void everyFileIsReadInFull() {
    assertThat(GoldenSequence.authors()).hasSize(18);
    assertThat(GoldenSequence.authorsSparse()).hasSize(3);
    assertThat(GoldenSequence.paper()).hasSize(42);
    assertThat(GoldenSequence.published()).hasSize(28);
    assertThat(GoldenSequence.probes()).hasSize(12);
    assertThat(all()).extracting(GoldenSequence::name).doesNotHaveDuplicates();
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("all")
  void everyTensorHasItsShapesSize(GoldenSequence s) {
    int size = s.shape().stream().reduce(1, Math::multiplyExact);
    assertThat(s.initialWeights()).hasSize(size);
    assertThat(s.config().cover().size()).isEqualTo(size);
    assertThat(s.length()).isPositive().isEqualTo(s.gradients().size());
    for (int t = 1; t <= s.length(); t++) {
      assertThat(s.gradient(t)).as("gradient %d", t).hasSize(size);
      assertThat(s.weights(t)).as("weights %d", t).hasSize(size);
      assertThat(s.nu(t).orElse(s.weights(t))).as("nu %d", t).hasSize(size);
      assertThat(s.momentum(t).orElse(s.weights(t))).as("momentum %d", t).hasSize(size);
      int sets = s.config().cover().sets().size();
      assertThat(s.mu(t).orElse(new double[sets])).as("mu %d", t).hasSize(sets);
    }
  }

  @Test
  void configurationsAreThoseOfTheRecordedCode() {
    var cover = ReferenceCover.slices(5, 3);
    assertThat(named("tf_plain_5x3_m0.9").config())
        .isEqualTo(
            ReferenceSm3.Config.of(ReferenceSm3.Algorithm.SM3_II, cover)
                .withMomentum(0.9, ReferenceSm3.MomentumKind.AVERAGE)
                .withEpsilon(1e-30));
    assertThat(named("torch_dense_0d_lr0.2_m0.3_b0.1"))
        .satisfies(s -> {
          assertThat(s.eta()).isEqualTo(0.2);
          assertThat(s.config().secondMoment()).isEqualTo(0.1);
        });
    assertThat(named("ref64_cover_blocks_SM3-I").config())
        .isEqualTo(
            ReferenceSm3.Config.of(
                ReferenceSm3.Algorithm.SM3_I,
                ReferenceCover.of(6, new int[][] {{0, 1}, {2, 3}, {4, 5}})));
  }

  @Test
  void theDefaultCoverIsRecognised() {
    assertThat(named("ref64_SM3-I_plain_4x3x2_m0").coversSlices()).isTrue();
    assertThat(named("ref64_cover_singletons_SM3-I").coversSlices()).isTrue();
    assertThat(named("ref64_cover_nested_SM3-I").coversSlices()).isFalse();
    assertThat(named("tf_sparse_6x3").coversSlices()).isFalse();
  }

  @Test
  void repeatedRowsAddUpInTheDenseGradient() {
    var s = named("tf_sparse_6x3_dup");
    assertThat(s.isSparse()).isTrue();
    assertThat(s.rows(1)).containsExactly(3, 3, 1, 1);
    double[] v = s.givenGradient(1);
    assertThat(s.gradient(1))
        .containsExactly(
            0,
            0,
            0,
            v[6] + v[9],
            v[7] + v[10],
            v[8] + v[11],
            0,
            0,
            0,
            v[0] + v[3],
            v[1] + v[4],
            v[2] + v[5],
            0,
            0,
            0,
            0,
            0,
            0);
  }

  @Test
  void denseSequencesHaveNoRows() {
    var s = named("tf_plain_scalar_m0");
    assertThat(s.isSparse()).isFalse();
    assertThat(s.givenGradient(2)).isEqualTo(s.gradient(2));
    assertThatIllegalStateException()
        .isThrownBy(() -> s.rows(1))
        .withMessage("tf_plain_scalar_m0 is dense: use gradient(t)");
  }

  @Test
  void arraysAreFreshCopies() {
    var s = named("tf_plain_7_m0");
    double before = s.initialWeights()[0];
    s.initialWeights()[0] = 42;
    assertThat(s.initialWeights()[0]).isEqualTo(before).isEqualTo(0.5111132860183716);
  }

  @Test
  void theNameIsWhatATestReportShows() {
    assertThat(named("tf_plain_7_m0")).hasToString("tf_plain_7_m0");
  }

  @Test
  void missingFilesAreNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> GoldenFile.read("none.json"))
        .withMessage("file is none.json: no such golden file");
  }
}
