package dev.mincover.lab.train;

import dev.mincover.lab.common.Figures;
import dev.mincover.lab.common.Terminal;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.time.Duration;
import me.tongfei.progressbar.ProgressBar;

/** Shows where a training is: a bar that moves on a terminal, a line now and then elsewhere. */
public interface Progress extends AutoCloseable {

  /** Shows a step that was taken. */
  void show(StepReport report);

  @Override
  void close();

  /**
   * On standard output: a bar if it is a terminal, otherwise about {@code lines} lines.
   *
   * @param task what begins the bar
   */
  static Progress onOutput(String task, long steps, int lines, PrintWriter out) {
    return Terminal.isThere() ? new Bar(task, steps, System.out) : new Lines(steps, lines, out);
  }

  /** The same on standard error. */
  static Progress onError(String task, long steps, int lines, PrintWriter err) {
    return Terminal.isThere() ? new Bar(task, steps, System.err) : new Lines(steps, lines, err);
  }

  /** A bar with loss, learning rate, speed and time left. */
  final class Bar implements Progress {
    private final ProgressBar bar;

    Bar(String task, long steps, PrintStream out) {
      bar = Terminal.bar(task, steps, out).hideEta().build();
    }

    @Override
    public void show(StepReport report) {
      bar.setExtraMessage(" " + text(report));
      bar.stepTo(report.step());
    }

    @Override
    public void close() {
      bar.close();
    }
  }

  /** A line every so many steps. */
  final class Lines implements Progress {
    private final long steps;
    private final long every;
    private final PrintWriter out;
    private long next;

    Lines(long steps, int lines, PrintWriter out) {
      this.steps = steps;
      this.every = Math.max(1, steps / lines);
      this.out = out;
    }

    @Override
    public void show(StepReport report) {
      if (report.step() >= next || report.step() == steps) {
        next = (report.step() / every + 1) * every;
        out.printf("step %d/%d  %s%n", report.step(), steps, text(report));
        out.flush();
      }
    }

    @Override
    public void close() {}
  }

  private static String text(StepReport report) {
    Duration left = Duration.ofSeconds(Math.round(report.secondsLeft()));
    return "loss %s  rate %s  %,.0f tokens/s  %d:%02d left"
        .formatted(
            Figures.decimals(3, report.loss()),
            Figures.decimals(4, report.learningRate()),
            report.tokensPerSecond(),
            left.toMinutes(),
            left.toSecondsPart());
  }
}
