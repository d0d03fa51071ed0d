package dev.mincover.lab.compare;

import dev.mincover.lab.common.Figures;
import dev.mincover.lab.common.Terminal;
import dev.mincover.lab.train.Progress;
import dev.mincover.lab.train.StepReport;
import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;

/**
 * Shows the progress of a comparison: the steps of the current training as a bar on a terminal or
 * as lines elsewhere, and the result of each.
 */
final class ComparisonProgress implements ComparisonTrainings.Listener {
  private static final int LINES = 5;

  private final long steps;
  private final PrintWriter err;
  private String label = "";
  private @Nullable Progress progress;

  /**
   * Shows nothing yet.
   *
   * @param steps per training
   */
  ComparisonProgress(long steps, PrintWriter err) {
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
  public void ends(@Nullable ComparedRun run) {
    if (progress != null) {
      progress.close();
      progress = null;
    }
    if (run != null) {
      err.printf("%s: %s%n", label, result(run));
      err.flush();
    }
  }

  private static String result(ComparedRun run) {
    String failure = run.end().failure();
    if (failure != null) {
      return failure;
    }
    return run.isFinished()
        ? "%s bits per byte, %,.0f tokens/s"
            .formatted(Figures.decimals(3, run.bits()), run.time().tokensPerSecond())
        : "stopped after %,d steps".formatted(run.end().steps());
  }
}
