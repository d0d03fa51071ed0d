package dev.mincover.lab;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mincover.lab.run.AtomicFile;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Where the figures of a command go as JSON, its option {@code --json}.
 *
 * @param target a file, {@code -} for standard output, or null for nowhere
 */
record JsonOutput(@Nullable String target) {

  private static final String STANDARD_OUTPUT = "-";

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .build();

  /**
   * Refuses what cannot be written, without touching anything.
   *
   * @throws UserError if it is a directory or in none that can be written to
   */
  JsonOutput {
    Path file = file(target);
    if (file != null) {
      Path parent = file.toAbsolutePath().normalize().getParent();
      if (Files.isDirectory(file)) {
        throw new UserError("--json: %s is a directory; name a file in it".formatted(file));
      }
      if (parent == null || !Files.isDirectory(parent) || !Files.isWritable(parent)) {
        throw new UserError(
            "--json: cannot write %s: %s is not a writable directory; choose another"
                .formatted(file, parent));
      }
    }
  }

  /** Whether nothing else may be written to standard output. */
  boolean isStandardOutput() {
    return STANDARD_OUTPUT.equals(target);
  }

  /** Writes there. */
  void write(Object figures, PrintWriter out) {
    Path file = file(target);
    if (isStandardOutput()) {
      out.println(JSON.writeValueAsString(figures));
      out.flush();
    } else if (file != null) {
      write(figures, file);
    }
  }

  /** Writes a file, replacing an older one at once when it is complete. */
  static void write(Object figures, Path file) {
    byte[] bytes = (JSON.writeValueAsString(figures) + "\n").getBytes(UTF_8);
    AtomicFile.write(file, channel -> channel.write(ByteBuffer.wrap(bytes)));
  }

  private static @Nullable Path file(@Nullable String target) {
    return target == null || target.equals(STANDARD_OUTPUT) ? null : Path.of(target);
  }
}
