package dev.mincover.lab.data;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Encodings that take two or four bytes for each letter, and so have NUL bytes where texts in
 * others have none. A model over bytes would learn these.
 */
enum WideEncoding {
  UTF_32LE(StandardCharsets.UTF_32LE, "UTF-32 little-endian"),
  UTF_32BE(StandardCharsets.UTF_32BE, "UTF-32 big-endian"),
  UTF_16LE(StandardCharsets.UTF_16LE, "UTF-16 little-endian"),
  UTF_16BE(StandardCharsets.UTF_16BE, "UTF-16 big-endian");

  private static final String BYTE_ORDER_MARK = "\uFEFF";

  /** Bytes that are looked at; a multiple of four. */
  private static final int LOOKED_AT = 1 << 16;

  /** Without a mark, one character in so many has to be of ASCII, as spaces and line ends are. */
  private static final int ASCII_ONE_IN = 50;

  private final Charset charset;
  private final String title;

  WideEncoding(Charset charset, String title) {
    this.charset = charset;
    this.title = title;
  }

  /**
   * What a text is in.
   *
   * @param marked whether it begins with a byte order mark
   */
  record Found(WideEncoding encoding, boolean marked) {

    /** Such as {@code UTF-16 little-endian}. */
    String title() {
      return encoding.title;
    }

    /** The command line that converts a file to what a model can learn, to standard output. */
    String conversion(String file) {
      // By the name without an order iconv reads the mark and leaves it out.
      String name = encoding.charset.name();
      return "iconv -f %s -t UTF-8 %s"
          .formatted(marked ? name.substring(0, "UTF-16".length()) : name, file);
    }
  }

  /** The encoding of a text, or nothing if it is not one of these. */
  static Optional<Found> of(byte[] bytes) {
    byte[] beginning = Arrays.copyOf(bytes, Math.min(bytes.length, LOOKED_AT));
    List<Found> found = new ArrayList<>();
    for (WideEncoding encoding : values()) {
      String text = encoding.decode(beginning);
      if (text == null || !text.codePoints().allMatch(WideEncoding::isOfTexts)) {
        continue;
      }
      if (encoding.marks(beginning)) {
        return Optional.of(new Found(encoding, true));
      }
      if (hasEnoughAscii(text)) {
        found.add(new Found(encoding, false));
      }
    }
    return found.stream().findFirst();
  }

  private boolean marks(byte[] bytes) {
    byte[] mark = BYTE_ORDER_MARK.getBytes(charset);
    return bytes.length >= mark.length && Arrays.equals(mark, Arrays.copyOf(bytes, mark.length));
  }

  /** The text; null if the bytes are not of this encoding. They may end in a character. */
  private @Nullable String decode(byte[] bytes) {
    CharBuffer text = CharBuffer.allocate(bytes.length);
    boolean isMalformed =
        charset.newDecoder().decode(ByteBuffer.wrap(bytes), text, false).isError();
    return isMalformed ? null : text.flip().toString();
  }

  private static boolean isOfTexts(int character) {
    return switch (Character.getType(character)) {
      case Character.CONTROL -> Character.isWhitespace(character);
      case Character.UNASSIGNED, Character.PRIVATE_USE, Character.SURROGATE -> false;
      default -> true;
    };
  }

  /** Whether it has spaces or line ends, and enough of ASCII. */
  private static boolean hasEnoughAscii(String text) {
    long ascii = text.chars().filter(character -> character < 128).count();
    boolean hasBlanks = text.chars().anyMatch(c -> c == ' ' || c == '\n' || c == '\r');
    return hasBlanks && ascii * ASCII_ONE_IN >= text.length();
  }
}
