package dev.mincover.lab.compare;

import static java.nio.charset.StandardCharsets.UTF_8;

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
 * {@code mincover train} in a JVM of its own: it has the memory of its process to itself, so that
 * its peak is a peak of this training, and no training finds code that another has had compiled.
 */
final class TrainingProcess {

  private static final String ERROR = "mincover: ";
  private static final int MILLIS_BETWEEN_LOOKS = 200;

  private TrainingProcess() {}

  /**
   * How a process ended.
   *
   * @param code its exit code
   * @param error what it said was wrong; empty if nothing
   */
  record Outcome(int code, String error) {}

  /**
   * Trains until the end, or until told to stop; then the process saves what it has.
   *
   * @param train the main class, {@code train} and its options but for {@code --out} and {@code
   *     --steps}
   * @param listener told of steps now and then
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
    command.addAll(List.of("--out", directory.path().toString(), "--steps", "" + steps));
    try {
      Path errors = Files.createTempFile("mincover-train", ".err");
      try {
        Process process =
            new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(errors.toFile())
                .start();
        int code = await(process, new MetricsTail(directory.metrics(), steps), stop, listener);
        return new Outcome(code, error(errors));
      } finally {
        Files.deleteIfExists(errors);
      }
    } catch (IOException e) {
      throw new UserError("cannot start a training in a process of its own", e);
    }
  }

  /** This JVM's own command line, up to the name of the main class. */
  private static List<String> command() {
    List<String> options = ManagementFactory.getRuntimeMXBean().getInputArguments();
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    if (options.stream().noneMatch(option -> option.matches("-XX:[+]Use\\w+GC"))) {
      // The default collector lets garbage pile up as long as there is memory, and garbage is
      // what vector code makes until it is compiled: a peak of 100 MB that no optimizer needs.
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
          process.destroy(); // A signal that it takes for Ctrl-C.
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

  /** The last line in which it names an error, or else its last line; the JVM may say more. */
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
