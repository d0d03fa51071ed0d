package dev.mincover.lab.common;

import java.io.Console;
import java.io.PrintStream;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** The user's terminal, if there is one. */
public final class Terminal {

  private Terminal() {}

  /** Whether standard output is a terminal. */
  @SuppressWarnings("SystemConsoleNull") // In JDK 25 the console is null again without a terminal.
  public static boolean isThere() {
    Console console = System.console();
    return console != null && console.isTerminal();
  }

  /** Returns a progress bar that moves four times a second. */
  public static ProgressBarBuilder bar(String task, long end, PrintStream out) {
    return new ProgressBarBuilder()
        .setTaskName(task)
        .setInitialMax(end)
        .setStyle(style(out))
        .setUpdateIntervalMillis(250)
        // The explicit width keeps the bar from opening a JLine terminal, which would take
        // Ctrl-C away from the JVM's shutdown hooks.
        .setConsumer(new ConsoleProgressBarConsumer(out, columns()));
  }

  private static ProgressBarStyle style(PrintStream out) {
    return out.charset().newEncoder().canEncode('━')
        ? ProgressBarStyle.COLORFUL_UNICODE_BAR
        : ProgressBarStyle.ASCII;
  }

  /** Returns the terminal's width minus one, as the launcher has found it. */
  private static int columns() {
    String columns = System.getenv("COLUMNS");
    return columns != null && columns.matches("[1-9][0-9]{0,4}")
        ? Integer.parseInt(columns) - 1
        : 79;
  }
}
