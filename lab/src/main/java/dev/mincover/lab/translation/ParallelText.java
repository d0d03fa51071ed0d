package dev.mincover.lab.translation;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mincover.lab.common.UserError;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * Sentences with their translations: those that a model learns from, and those it is judged by.
 *
 * @param training the pairs to learn from, at least one
 * @param validation the pairs to be judged by, at least one; none has a source text that is also in
 *     {@code training}
 * @param description one line for people: what the text is and how much of it there is
 */
public record ParallelText(List<Pair> training, List<Pair> validation, String description) {

  /** Keeps copies of the lists. */
  public ParallelText {
    training = List.copyOf(training);
    validation = List.copyOf(validation);
  }

  /**
   * The user's own text: two files in UTF-8, where line n of one is the translation of line n of
   * the other, as those of the WMT are. White space at the ends of lines does not count, nor does a
   * byte order mark. Lines that are empty in both files are skipped.
   *
   * <p>About 5 % of the pairs, at least one, are held out for validation, spread evenly over the
   * files. Pairs with the same source text are all held out or none.
   *
   * @param source sentences to translate, one a line
   * @param target their translations
   * @throws UserError if a file is missing, unreadable, not UTF-8 or larger than 2 GiB; if the
   *     files differ in their number of lines; if a line is empty in one of them only; or if there
   *     are no two pairs with different source texts
   */
  public static ParallelText files(Path source, Path target) {
    return AlignedFiles.read(source, target);
  }

  /**
   * The default text: the English and French messages of well-known software, those of Apereo CAS
   * and Hudson for validation. {@code docs/explanation/translation-data.md} has the products, the
   * rules and the numbers.
   *
   * @param folder where the build puts the jars of the products
   * @throws UserError if the folder or a jar is missing or unreadable
   */
  public static ParallelText bundles(Path folder) {
    return MessageBundles.read(folder).text();
  }

  /**
   * The SHA-256 of all sentences and of their division, in hexadecimal digits: what tells one text
   * from another. The names of where the pairs were found are no part of it.
   */
  public String digest() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (List<Pair> part : List.of(training, validation)) {
        digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, part.size()));
        for (Pair pair : part) {
          update(digest, pair.source());
          update(digest, pair.target());
        }
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  /** The length comes first, lest text moved from one sentence to the next give the same digest. */
  private static void update(MessageDigest digest, String sentence) {
    byte[] bytes = sentence.getBytes(UTF_8);
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, bytes.length));
    digest.update(bytes);
  }
}
