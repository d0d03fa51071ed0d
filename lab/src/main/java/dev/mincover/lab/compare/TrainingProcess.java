package dev.mincover.lab.compare;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mincover.lab.common.Interrupt;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.train.StepReport;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Runs {@code mincover train} in a JVM of its own. The peak memory of the process is then that of
 * one training, and no training profits from code that another has had compiled.
 */
final class TrainingProcess {

  private static final String ERROR = "mincover: ";
  private static final int MILLIS_BETWEEN_LOOKS = 200;

  private TrainingProcess() {}

  /**
   * How a process ended.
   *
   * @param code its exit code
   * @param error its error message; empty if there was none
   */
  record Outcome(int code, String error) {
    static final Outcome SUCCESS = new Outcome(0, "");
  }

  /**
   * Trains until the end, or until a stop is requested; the process then saves what it has.
   *
   * @param train the main class, {@code train} and its options
   * @param directory that the options name
   * @param steps that it takes
   * @param listener called with a step from time to time
   * @throws UserError if no process can be started
   */
  static Outcome run(
      List<String> train,
      RunDirectory directory,
      long steps,
      BooleanSupplier stop,
      Consumer<StepReport> listener) {
    List<String> command = new ArrayList<>(command());
    command.addAll(train);
    try {
      Path errors = Files.createTempFile("mincover-train", ".err");
      try {
        ProcessBuilder builder =
            new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(errors.toFile());
        // Lest a training go on for nobody when this process is killed.
        builder.environment().put(Interrupt.EMPLOYER, Long.toString(ProcessHandle.current().pid()));
        Process process = builder.start();
        int code = await(process, new MetricsTail(directory.metrics(), steps), stop, listener);
        return new Outcome(code, error(errors));
      } finally {
        Files.deleteIfExists(errors);
      }
    } catch (IOException e) {
      throw new UserError("cannot start a training in a process of its own", e);
    }
  }

  /** Returns this JVM's own command line, up to the name of the main class. */
  private static List<String> command() {
    List<String> options = ManagementFactory.getRuntimeMXBean().getInputArguments();
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    if (options.stream().noneMatch(option -> option.matches("-XX:[+]Use\\w+GC"))) {
      // The default collector lets garbage pile up while there is memory. Vector code makes
      // garbage until it is compiled, which would add 100 MB to the peak.
      command.add("-XX:+UseSerialGC");
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    return command;
  }

  private static int await(
      Process process, MetricsTail metrics, BooleanSupplier stop, Consumer<StepReport> listener) {
    try {
      boolean told = false;
      while (!process.waitFor(MILLIS_BETWEEN_LOOKS, TimeUnit.MILLISECONDS)) {
        if (stop.getAsBoolean() && !told) {
          process.destroy(); // The process treats this signal like Ctrl-C.
          told = true;
        }
        metrics.last().ifPresent(listener);
      }
      metrics.last().ifPresent(listener);
      return process.exitValue();
    } catch (InterruptedException e) {
      process.destroy();
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while a training ran", e);
    }
  }

  /** Returns the last line that names an error, or else the last line: the JVM may print more. */
  private static String error(Path errors) throws IOException {
    List<String> lines =
        Files.readString(errors, UTF_8).lines().filter(line -> !line.isBlank()).toList();
    return lines.stream()
        .filter(line -> line.startsWith(ERROR))
        .map(line -> line.substring(ERROR.length()))
        .reduce((_, last) -> last)
        .orElse(lines.isEmpty() ? "" : lines.getLast());
  }
}
