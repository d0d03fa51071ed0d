package dev.mincover.lab.option;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mincover.lab.common.AtomicFile;
import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.common.UserError;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The option {@code --json}, with which a command that prints tables writes its figures as JSON.
 */
public final class JsonOption {

  private static final String STANDARD_OUTPUT = "-";

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .build();

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
      out.println(text(figures));
      out.flush();
    }
    Path file = file();
    if (file != null) {
      write(figures, file);
    }
  }

  /** Returns the figures as indented JSON. */
  public static String text(Object figures) {
    return JSON.writeValueAsString(figures);
  }

  /**
   * Writes the figures to a file. An older file is replaced at once when the new one is complete.
   */
  public static void write(Object figures, Path file) {
    byte[] bytes = (text(figures) + "\n").getBytes(UTF_8);
    AtomicFile.write(file, channel -> channel.write(ByteBuffer.wrap(bytes)));
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
