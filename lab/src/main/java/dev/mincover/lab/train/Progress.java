package dev.mincover.lab.train;

import java.io.Console;
import java.io.PrintWriter;
import java.time.Duration;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** Shows where a training is: a bar that moves on a terminal, a line now and then elsewhere. */
public interface Progress extends AutoCloseable {

  /** Shows a step that was taken. */
  void show(StepReport report);

  @Override
  void close();

  /** A bar if standard output is a terminal, otherwise about {@code lines} lines. */
  @SuppressWarnings("SystemConsoleNull") // JDK 25 has gone back to null where nobody types.
  static Progress of(long steps, int lines, PrintWriter out) {
    Console console = System.console();
    return console != null && console.isTerminal() ? new Bar(steps) : new Lines(steps, lines, out);
  }

  /** A bar with loss, learning rate, speed and time left. */
  final class Bar implements Progress {
    private final ProgressBar bar;

    Bar(long steps) {
      bar =
          new ProgressBarBuilder()
              .setTaskName("training")
              .setInitialMax(steps)
              .setStyle(style())
              .setUpdateIntervalMillis(250)
              // With a width of its own, so that the bar opens no terminal of JLine's: that takes
              // Ctrl-C away from the JVM's shutdown hooks.
              .setConsumer(new ConsoleProgressBarConsumer(System.out, columns()))
              .hideEta()
              .build();
    }

    private static ProgressBarStyle style() {
      return System.out.charset().newEncoder().canEncode('━')
          ? ProgressBarStyle.COLORFUL_UNICODE_BAR
          : ProgressBarStyle.ASCII;
    }

    /** The terminal's width less one, as the launcher has found it. */
    private static int columns() {
      String columns = System.getenv("COLUMNS");
      return columns != null && columns.matches("[1-9][0-9]{0,4}")
          ? Integer.parseInt(columns) - 1
          : 79;
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

    Lines(long steps, int lines, PrintWriter out) {
      this.steps = steps;
      this.every = Math.max(1, steps / lines);
      this.out = out;
    }

    @Override
    public void show(StepReport report) {
      if (report.step() % every == 0 || report.step() == steps || report.step() == 1) {
        out.printf("step %d/%d  %s%n", report.step(), steps, text(report));
        out.flush();
      }
    }

    @Override
    public void close() {}
  }

  private static String text(StepReport report) {
    Duration left = Duration.ofSeconds(Math.round(report.secondsLeft()));
    return "loss %.3f  rate %.4f  %,.0f tokens/s  %d:%02d left"
        .formatted(
            report.loss(),
            report.learningRate(),
            report.tokensPerSecond(),
            left.toMinutes(),
            left.toSecondsPart());
  }
}
