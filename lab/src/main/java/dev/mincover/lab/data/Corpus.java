package dev.mincover.lab.data;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.mincover.lab.common.Home;
import dev.mincover.lab.common.UserError;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The text a model learns from and the text it is judged by, as bytes.
 *
 * <p>The arrays are not copied and must not be written to; two corpora are equal only if they share
 * them.
 *
 * @param training the bytes to learn from
 * @param validation the bytes to be judged by; no part of {@code training}
 * @param description one line for people: what the text is and how much of it there is
 */
@SuppressWarnings("ArrayRecordComponent") // Tens of megabytes, compared by nobody.
public record Corpus(byte[] training, byte[] validation, String description) {

  /**
   * The default corpus: the Java sources of well-known libraries, without their licence headers.
   * Training text are guava, commons-lang3, spring-core, jackson-databind and lucene-core;
   * validation text is commons-math3, of which nothing is trained on.
   *
   * <p>Files follow each other in the order of the libraries above, then of their names, with an
   * empty line between two; line ends are {@code \n}. Files that are not UTF-8 are left out.
   *
   * @param folder where the build puts one {@code *-sources.jar} of each library
   * @throws UserError if the folder or a jar is missing or unreadable
   */
  public static Corpus javaSources(Path folder) {
    return JavaSources.read(folder);
  }

  /**
   * The user's own text. Directories are searched for files in the order of their names; hidden
   * files and directories in them are passed over, links to directories not followed. A file met
   * twice counts once, and binary files, those with a NUL byte, are left out and counted in the
   * description, as are those in UTF-16 and UTF-32, with how to convert them. The bytes are taken
   * as they are, with a line end between two files.
   *
   * <p>About 5 % is held out for validation. With files enough these are whole files, spread evenly
   * over the text: a file is held out whenever the validation text with it is still at most 5 % of
   * the text so far. Where that would hold out less than 2.5 % of the whole, because the files are
   * few or one is huge, it is the last 5 % of the text instead.
   *
   * <p>Files that are copies of each other, in full or for the most part, count as one: all are
   * held out or none. Where the last 5 % of the text have a copy before them, it is the last 5 % of
   * each file instead. The description has the number of copies.
   *
   * @param paths files and directories, at least one
   * @throws UserError if a path is missing or unreadable, there is no text, or it exceeds 2 GiB
   */
  public static Corpus files(List<Path> paths) {
    return TextFiles.read(paths);
  }

  /**
   * The user's own text, or the default corpus where the build has put it.
   *
   * @param paths files and directories; null for the default corpus
   * @throws UserError as {@link #files} and {@link #javaSources}
   */
  public static Corpus of(@Nullable List<Path> paths) {
    return paths == null
        ? javaSources(Home.folder("corpus", "name text with --corpus"))
        : files(paths);
  }

  /**
   * What a sample of a model of this text continues, so that it starts after something the model
   * has seen: a line end, or a space where line ends are rare, or the most frequent character where
   * spaces are rare too; 1 to 4 bytes.
   */
  public byte[] start() {
    return TextStart.of(training);
  }

  /** The SHA-256 of both texts, in hexadecimal digits: what tells one corpus from another. */
  public String digest() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(training);
      digest.update(Integer.toString(training.length).getBytes(US_ASCII));
      digest.update(validation);
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  /**
   * Checks that both texts hold at least one window of {@code context} bytes and the byte that
   * follows it.
   *
   * @param context the bytes a model sees at once, at least 1
   * @throws UserError if either text is shorter than {@code context + 1}
   */
  public void requireContext(int context) {
    requireContext("training", training, context);
    requireContext("validation", validation, context);
  }

  private static void requireContext(String part, byte[] text, int context) {
    if (text.length <= context) {
      throw new UserError(
          ("the corpus is too short: its %s text has %d bytes, a context of %d needs %d;"
                  + " give more text or a smaller --context")
              .formatted(part, text.length, context, context + 1L));
    }
  }
}
