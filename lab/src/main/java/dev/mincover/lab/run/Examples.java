package dev.mincover.lab.run;

import dev.mincover.lab.common.JsonFile;
import dev.mincover.lab.common.UserError;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Examples of what a trained model does, {@code examples.json}: a table, a picture, or both.
 *
 * @param title what they are
 * @param text a sentence on how they were chosen
 * @param head of the table
 * @param rows of the table, as long as its head
 * @param picture a PNG file's bytes in Base64; null for none
 */
public record Examples(
    String title,
    String text,
    List<String> head,
    List<List<String>> rows,
    @Nullable String picture) {

  /** Copies the lists. */
  public Examples {
    head = List.copyOf(head);
    rows = rows.stream().map(List::copyOf).toList();
  }

  /**
   * Writes the examples, replacing older ones.
   *
   * @throws UserError if they cannot be written
   */
  public void write(RunDirectory run) {
    JsonFile.write(this, run.examples());
  }

  /** Whether a run has left examples. */
  public static boolean areIn(RunDirectory run) {
    return Files.isRegularFile(run.examples());
  }

  /**
   * Reads the examples of a run.
   *
   * @throws UserError if they cannot be read
   */
  public static Examples read(RunDirectory run) {
    Path file = run.examples();
    return JsonFile.read(file, Examples.class, "the examples of a run", List.of("picture"));
  }
}
