package dev.mincover.lab.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Small operations on texts. */
final class Texts {
  /** The longest text: what fits an array on every JVM. */
  static final int MAX_LENGTH = Integer.MAX_VALUE - 8;

  private Texts() {}

  /** The text of UTF-8 bytes, or null if they are not UTF-8. */
  static @Nullable String utf8(byte[] bytes) {
    try {
      // A decoder reports what is malformed; new String(...) would put question marks there.
      return UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      return null;
    }
  }

  /** Such as {@code 1 file} or {@code 2 files}. */
  static String count(int n, String noun) {
    return n + " " + noun + (n == 1 ? "" : "s");
  }

  static String unixLineEnds(String text) {
    return text.replace("\r\n", "\n").replace('\r', '\n');
  }

  /** The files after each other, one line end between two. */
  static byte[] join(List<byte[]> files) {
    int length = Math.max(0, files.size() - 1);
    for (byte[] file : files) {
      length = Math.addExact(length, file.length);
    }
    var joined = new byte[length];
    int at = 0;
    for (byte[] file : files) {
      if (at > 0) {
        joined[at++] = '\n';
      }
      System.arraycopy(file, 0, joined, at, file.length);
      at += file.length;
    }
    return joined;
  }
}
