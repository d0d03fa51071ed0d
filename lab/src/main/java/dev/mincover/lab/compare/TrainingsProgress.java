package dev.mincover.lab.compare;

import static java.util.Objects.requireNonNull;

import dev.mincover.lab.common.Figures;
import dev.mincover.lab.common.Terminal;
import dev.mincover.lab.train.Progress;
import dev.mincover.lab.train.StepReport;
import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;

/**
 * The trainings of a comparison, each in turn: a bar on a terminal, elsewhere lines; and what came
 * of it.
 */
final class TrainingsProgress implements Trainings.Listener {
  private static final int LINES = 5;

  private final long steps;
  private final PrintWriter err;
  private String label = "";
  private @Nullable Progress progress;

  /**
   * Shows nothing yet.
   *
   * @param steps of each training
   */
  TrainingsProgress(long steps, PrintWriter err) {
    this.steps = steps;
    this.err = err;
  }

  @Override
  public void begins(ComparedOptimizer optimizer, long seed, int number, int of) {
    label = "%d/%d  %s, seed %d".formatted(number, of, optimizer.name(), seed);
    if (!Terminal.isThere()) {
      err.println(label);
      err.flush();
    }
    progress = Progress.onError(label, steps, LINES, err);
  }

  @Override
  public void at(StepReport report) {
    if (progress != null) {
      progress.show(report);
    }
  }

  @Override
  public void ends(Comparison.@Nullable Run run) {
    if (progress != null) {
      progress.close();
      progress = null;
    }
    if (run != null) {
      err.printf("%s: %s%n", label, result(run));
      err.flush();
    }
  }

  private static String result(Comparison.Run run) {
    String failure = run.failure();
    if (failure != null) {
      return failure;
    }
    return run.finished()
        ? "%s bits per byte, %,.0f tokens/s"
            .formatted(
                Figures.decimals(3, requireNonNull(run.validationBitsPerByte())),
                run.tokensPerSecond())
        : "stopped after %,d steps".formatted(run.steps());
  }
}
