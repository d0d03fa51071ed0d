package dev.mincover.lab.option;

import dev.mincover.lab.common.JsonFile;
import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.common.UserError;
import java.io.PrintWriter;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * The option {@code --json}, with which a command that prints tables writes its figures as JSON.
 */
public final class JsonOption {

  private static final String STANDARD_OUTPUT = "-";

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description =
          "Writes the figures to this file as JSON, in addition to the tables. With -, writes JSON"
              + " to standard output instead of the tables.")
  private @Nullable String json;

  /** Whether the option is given. */
  public boolean isGiven() {
    return json != null;
  }

  /** Whether the command prints its tables. It does not if the JSON goes to standard output. */
  public boolean leavesTables() {
    return !STANDARD_OUTPUT.equals(json);
  }

  /**
   * Checks that the file, if one is given, can be written. Writes nothing.
   *
   * @throws UserError if it cannot
   */
  public void check() {
    file();
  }

  /**
   * Writes the figures to the file or to standard output. Does nothing if the option is not given.
   *
   * @param figures any value that Jackson can turn into JSON
   * @param out standard output
   * @throws UserError if the file cannot be written
   */
  public void write(Object figures, PrintWriter out) {
    if (!leavesTables()) {
      out.println(JsonFile.text(figures));
      out.flush();
    }
    Path file = file();
    if (file != null) {
      JsonFile.write(figures, file);
    }
  }

  private @Nullable Path file() {
    if (json == null || json.equals(STANDARD_OUTPUT)) {
      return null;
    }
    Path file = Path.of(json);
    OptionChecks.requireWritable("--json", file);
    return file;
  }
}
