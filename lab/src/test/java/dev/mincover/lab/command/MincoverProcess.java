package dev.mincover.lab.command;

import dev.mincover.lab.Mincover;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.condition.OS;

/** The command line as a process of its own, for what only a real process shows. */
final class MincoverProcess {
  private MincoverProcess() {}

  /**
   * The words that start it. It takes SIGINT as it does when a person starts it: a shell starts
   * what it puts in the background with that signal ignored, and the tests inherit that where they
   * are run so.
   */
  static List<String> command(List<String> arguments) {
    List<String> command = new ArrayList<>();
    if (OS.LINUX.isCurrentOs()) {
      command.addAll(List.of("env", "--default-signal=INT"));
    }
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--add-modules=jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            System.getProperty("java.class.path"),
            Mincover.class.getName()));
    command.addAll(arguments);
    return command;
  }

  /** Starts it, with both outputs in one. */
  static Process start(List<String> arguments) throws IOException {
    return new ProcessBuilder(command(arguments)).redirectErrorStream(true).start();
  }

  /** Sends it what Ctrl-C sends. */
  static void interrupt(Process process) throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
  }
}
