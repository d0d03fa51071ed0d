package dev.mincover.lab.command;

import dev.mincover.lab.Mincover;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;

/**
 * What a command line came to in this process.
 *
 * @param code the exit code
 */
public record Result(int code, String out, String err) {

  /** Runs a command line, the words after {@code mincover}. */
  public static Result mincover(String... words) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine commandLine = Mincover.commandLine();
    commandLine.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    int code = commandLine.execute(words);
    return new Result(code, out.toString(), err.toString());
  }

  /** Runs a command with its arguments. */
  public static Result mincover(String command, List<String> arguments) {
    List<String> words = new ArrayList<>(List.of(command));
    words.addAll(arguments);
    return mincover(words.toArray(String[]::new));
  }
}
