package dev.mincover.lab.replay;

import static dev.mincover.lab.command.Result.mincover;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.lab.command.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Recordings of other implementations, each written here as that implementation computes. */
class LikelyReasonTest {

  private static final int ROWS = 4;
  private static final int COLUMNS = 3;
  private static final int STEPS = 12;
  private static final double ETA = 0.1;

  @TempDir private Path folder;

  /** How an implementation turns minima, accumulators and gradients into weights. */
  private static final class Other {
    double beta = 1;
    double epsilon = 0;
    double momentum = 0;
    boolean wholeUpdates;
    boolean keepsMax;
    boolean sumsMaxima;
  }

  /** Gradients that shrink, without which keeping a maximum does not show. */
  private static double[][] gradients(double scale) {
    Random random = new Random(5);
    double[][] gradients = new double[STEPS][ROWS * COLUMNS];
    for (int t = 0; t < STEPS; t++) {
      for (int i = 0; i < gradients[t].length; i++) {
        gradients[t][i] = (float) (scale * random.nextGaussian() * Math.pow(0.5, t));
      }
    }
    return gradients;
  }

  private static String recorded(Other other, double[][] gradients, String config) {
    double[] w = new double[ROWS * COLUMNS];
    double[] m = new double[w.length];
    double[] row = new double[ROWS];
    double[] column = new double[COLUMNS];
    StringBuilder steps = new StringBuilder();
    for (double[] g : gradients) {
      double[] nu = new double[w.length];
      double[] newRow = new double[ROWS];
      double[] newColumn = new double[COLUMNS];
      for (int i = 0; i < w.length; i++) {
        double square = other.sumsMaxima ? 0 : g[i] * g[i];
        double least = Math.min(row[i / COLUMNS], column[i % COLUMNS]);
        nu[i] = other.beta == 1 ? least + square : other.beta * least + (1 - other.beta) * square;
        newRow[i / COLUMNS] = Math.max(newRow[i / COLUMNS], other.sumsMaxima ? g[i] * g[i] : nu[i]);
        newColumn[i % COLUMNS] =
            Math.max(newColumn[i % COLUMNS], other.sumsMaxima ? g[i] * g[i] : nu[i]);
      }
      update(row, newRow, other);
      update(column, newColumn, other);
      for (int i = 0; i < w.length; i++) {
        double of = other.sumsMaxima ? Math.min(row[i / COLUMNS], column[i % COLUMNS]) : nu[i];
        double root = Math.sqrt(of + other.epsilon);
        double u = root == 0 ? 0 : g[i] / root;
        m[i] = other.momentum * m[i] + (other.wholeUpdates ? u : (1 - other.momentum) * u);
        w[i] -= ETA * m[i];
      }
      steps.append(steps.isEmpty() ? "" : ",").append("{'param':%s}".formatted(Arrays.toString(w)));
    }
    return "[{'name':'w','shape':[%d,%d],'config':{'learningRate':%s%s},'param0':%s,'grads':%s,'steps':[%s]}]"
        .formatted(
            ROWS,
            COLUMNS,
            ETA,
            config,
            Arrays.toString(new double[w.length]),
            Arrays.stream(gradients).map(Arrays::toString).collect(Collectors.toList()),
            steps)
        .replace('\'', '"');
  }

  private static void update(double[] mu, double[] next, Other other) {
    for (int r = 0; r < mu.length; r++) {
      mu[r] =
          other.sumsMaxima ? mu[r] + next[r] : other.keepsMax ? Math.max(mu[r], next[r]) : next[r];
    }
  }

  private Result replay(String json, String... options) throws IOException {
    Path file = Files.writeString(folder.resolve("a.json"), json);
    List<String> arguments = new ArrayList<>(List.of(options));
    arguments.add(file.toString());
    return mincover("replay", arguments);
  }

  private void explains(Other other, String config, String reason, String remedy)
      throws IOException {
    double[][] gradients = gradients(other.epsilon == 0 ? 1 : 1e-3); // Where it shows.
    Result result = replay(recorded(other, gradients, config));
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.out()).contains("DIFFERS\n  likely reason: ", reason, remedy);
    String mended =
        config.replaceAll(",'momentumKind':'[a-z-]*'", "") + "," + remedy.replace('"', '\'');
    Result again = replay(recorded(other, gradients, mended));
    assertThat(again.code()).as(again.out() + again.err()).isZero();
    assertThat(again.out()).doesNotContain("likely reason");
  }

  @Test
  void accumulatorsThatNeverShrink() throws IOException {
    Other other = new Other();
    other.beta = 0.9;
    other.momentum = 0.5;
    other.keepsMax = true;
    explains(
        other,
        ",'beta2':0.9,'momentum':0.5",
        "keeps max(old, new) accumulators under beta2",
        "\"compatibility\": \"keep-max\"");
  }

  @Test
  void anEpsilon() throws IOException {
    Other other = new Other();
    other.epsilon = 1e-8;
    explains(other, "", "epsilon of 1.0E-8 under the root, optax's", "\"epsilon\": 1.0E-8");
  }

  @Test
  void anotherMomentum() throws IOException {
    Other other = new Other();
    other.momentum = 0.9;
    other.wholeUpdates = true;
    explains(other, ",'momentum':0.9", "adds whole updates", "\"momentumKind\": \"heavy-ball\"");
  }

  @Test
  void theOtherAlgorithm() throws IOException {
    Other other = new Other();
    other.sumsMaxima = true;
    explains(other, "", "is of SM3-I", "\"algorithm\": \"SM3-I\"");
  }

  /** A disagreement that no known difference explains gets no guess. */
  @Test
  void nothingIsGuessed() throws IOException {
    Other other = new Other();
    other.beta = 0.9;
    String json =
        recorded(other, gradients(1), ",'beta2':0.9").replace("\"param0\":[0.0", "\"param0\":[7.0");
    Result result = replay(json);
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.out()).contains("DIFFERS").doesNotContain("likely reason");
  }

  @Test
  void jsonHasTheReason() throws IOException {
    Other other = new Other();
    other.beta = 0.9;
    other.keepsMax = true;
    Result result = replay(recorded(other, gradients(1), ",'beta2':0.9"), "--json");
    assertThat(result.out()).contains("\"likelyReason\" : \"the recording keeps max(old, new)");
  }

  @Test
  void compatibilityIsChecked() throws IOException {
    String json = recorded(new Other(), gradients(1), ",'compatibility':'keep-min'");
    Result result = replay(json);
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("compatibility").contains("\"keep-max\"");
  }
}
