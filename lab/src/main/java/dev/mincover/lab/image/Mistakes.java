package dev.mincover.lab.image;

import dev.mincover.lab.run.Examples;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.imageio.ImageIO;

/** The pictures that a classifier takes for another digit, a row for each pair of digits. */
final class Mistakes {

  private static final int MOST_ROWS = 12;
  private static final int MOST_COLUMNS = 16;
  private static final int ZOOM = 2;
  private static final int GAP = 4;
  private static final int CELL = Digits.SIDE * ZOOM + GAP;
  private static final int PAPER = 0xFFFFFF;

  /** A digit and what it was taken for. */
  private record Confusion(int digit, int guess) implements Comparable<Confusion> {
    private static final Comparator<Confusion> ORDER =
        Comparator.comparingInt(Confusion::digit).thenComparingInt(Confusion::guess);

    @Override
    public int compareTo(Confusion other) {
      return ORDER.compare(this, other);
    }
  }

  private final Digits.Pictures pictures;
  private final Map<Confusion, List<Integer>> byKind = new TreeMap<>();
  private int count;

  Mistakes(Digits.Pictures pictures) {
    this.pictures = pictures;
  }

  /** Notes what a picture was taken for. */
  void add(int picture, int guess) {
    int digit = pictures.labels()[picture];
    if (digit != guess) {
      byKind.computeIfAbsent(new Confusion(digit, guess), _ -> new ArrayList<>()).add(picture);
      count++;
    }
  }

  /** The number of pictures that were taken for another digit. */
  int count() {
    return count;
  }

  /** Returns the pictures, the most frequent confusions first. */
  Examples examples() {
    List<Map.Entry<Confusion, List<Integer>>> shown =
        byKind.entrySet().stream()
            .sorted(Comparator.comparingInt(entry -> -entry.getValue().size()))
            .limit(MOST_ROWS)
            .toList();
    List<List<String>> rows = new ArrayList<>();
    for (int i = 0; i < shown.size(); i++) {
      Confusion confusion = shown.get(i).getKey();
      rows.add(
          List.of(
              Integer.toString(i + 1),
              Integer.toString(confusion.digit()),
              Integer.toString(confusion.guess()),
              Integer.toString(shown.get(i).getValue().size())));
    }
    return new Examples(
        "Digits taken for others",
        "%,d of %,d held-out pictures are taken for another digit. The most frequent confusions are shown, a row each, with up to %d of their pictures."
            .formatted(count, pictures.count(), MOST_COLUMNS),
        List.of("row", "digit", "taken for", "pictures"),
        rows,
        shown.isEmpty() ? null : png(shown.stream().map(Map.Entry::getValue).toList()));
  }

  private String png(List<List<Integer>> rows) {
    int columns = Math.min(MOST_COLUMNS, rows.getFirst().size());
    BufferedImage image =
        new BufferedImage(
            columns * CELL + GAP, rows.size() * CELL + GAP, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        image.setRGB(x, y, PAPER);
      }
    }
    for (int row = 0; row < rows.size(); row++) {
      for (int column = 0; column < Math.min(columns, rows.get(row).size()); column++) {
        draw(image, rows.get(row).get(column), column * CELL + GAP, row * CELL + GAP);
      }
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      ImageIO.write(image, "png", bytes);
    } catch (IOException e) {
      throw new AssertionError("a buffer takes whatever is written", e);
    }
    return Base64.getEncoder().encodeToString(bytes.toByteArray());
  }

  /** Draws a picture as ink on paper. */
  private void draw(BufferedImage image, int picture, int left, int top) {
    long[] pixels = new long[Digits.PIXELS];
    pictures.copy(picture, pixels);
    for (int y = 0; y < Digits.SIDE * ZOOM; y++) {
      for (int x = 0; x < Digits.SIDE * ZOOM; x++) {
        int shade = 255 - (int) pixels[y / ZOOM * Digits.SIDE + x / ZOOM];
        image.setRGB(left + x, top + y, shade << 16 | shade << 8 | shade);
      }
    }
  }
}
