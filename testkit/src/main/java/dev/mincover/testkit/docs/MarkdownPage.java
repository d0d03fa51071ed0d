package dev.mincover.testkit.docs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A page of the documentation: its fenced blocks, and the text around them.
 *
 * @param name its path from the project's root, with slashes
 * @param text the lines outside fenced blocks and comments
 * @param blocks in their order
 */
record MarkdownPage(String name, List<Line> text, List<Block> blocks) {

  /** The end of a link or picture, with its target. */
  static final Pattern LINK = Pattern.compile("]\\(([^)\\s]+)\\)");

  private static final Pattern HEADING = Pattern.compile("^#+ ");

  /**
   * A line and its number in the page.
   *
   * @param number from 1
   */
  record Line(int number, String text) {}

  /**
   * A fenced block.
   *
   * @param language the first word after the opening fence, or nothing
   * @param line of the opening fence, from 1
   * @param code without the fences, and without the indentation of the opening fence
   * @param comments the texts of the HTML comments between it and what stands before it
   */
  record Block(String language, int line, List<Line> code, List<Line> comments) {}

  /** The folder that has the project's README and docs, found from the working directory. */
  static Path root() {
    for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
      if (Files.exists(folder.resolve("docs/README.md"))) {
        return folder;
      }
    }
    throw new IllegalStateException(
        "no folder above %s has docs/README.md; run in a checkout of the project"
            .formatted(Path.of("").toAbsolutePath()));
  }

  /** README.md and every page in docs, in the order of their names. */
  static List<MarkdownPage> ofProject() {
    Path root = root();
    try (Stream<Path> files = Files.walk(root.resolve("docs"))) {
      return Stream.concat(Stream.of(root.resolve("README.md")), files.sorted())
          .filter(file -> file.toString().endsWith(".md"))
          .map(file -> read(root, file))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static MarkdownPage read(Path root, Path file) {
    try {
      String name = root.relativize(file).toString().replace('\\', '/');
      return parse(name, Files.readString(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Cuts a page into blocks and text.
   *
   * @throws IllegalArgumentException if a block or a comment does not end
   */
  static MarkdownPage parse(String name, String markdown) {
    List<Line> lines = new ArrayList<>();
    for (String line : markdown.split("\n", -1)) {
      lines.add(new Line(lines.size() + 1, line.stripTrailing()));
    }
    List<Line> text = new ArrayList<>();
    List<Block> blocks = new ArrayList<>();
    List<Line> comments = new ArrayList<>();
    int i = 0;
    while (i < lines.size()) {
      Line line = lines.get(i);
      String stripped = line.text.strip();
      if (stripped.startsWith("```")) {
        int end = end(name, lines, i, "```");
        int indentation = line.text.indexOf('`');
        List<Line> code =
            lines.subList(i + 1, end).stream()
                .map(inside -> new Line(inside.number, dedent(inside.text, indentation)))
                .toList();
        String language = stripped.substring(3).strip().split("\\s+", 2)[0];
        blocks.add(new Block(language, line.number, code, List.copyOf(comments)));
        comments.clear();
        i = end + 1;
      } else if (stripped.startsWith("<!--")) {
        int end = stripped.endsWith("-->") ? i : end(name, lines, i, "-->");
        StringBuilder comment = new StringBuilder();
        lines.subList(i, end + 1).forEach(part -> comment.append(part.text.strip()).append(' '));
        comments.add(
            new Line(
                line.number,
                comment.toString().replaceFirst("<!--", "").replace("-->", "").strip()));
        i = end + 1;
      } else {
        if (!stripped.isEmpty()) {
          comments.clear();
        }
        text.add(line);
        i++;
      }
    }
    return new MarkdownPage(name, List.copyOf(text), List.copyOf(blocks));
  }

  /** The headings, each with the anchor that GitHub gives it, in their order. */
  Map<String, Line> headings() {
    Map<String, Line> headings = new LinkedHashMap<>();
    for (Line line : text) {
      if (HEADING.matcher(line.text).find()) {
        String anchor =
            line.text
                .replaceFirst("^#+ +", "")
                .replaceAll("\\[([^]]*)]\\([^)]*\\)", "$1")
                .toLowerCase(Locale.ROOT)
                .replaceAll("[^\\p{L}\\p{N} _-]", "")
                .replace(' ', '-');
        int repeated = 0;
        while (headings.containsKey(repeated == 0 ? anchor : anchor + "-" + repeated)) {
          repeated++;
        }
        headings.put(repeated == 0 ? anchor : anchor + "-" + repeated, line);
      }
    }
    return headings;
  }

  /** Where the links and pictures of the text lead within the project, each with its line. */
  List<Line> links() {
    List<Line> links = new ArrayList<>();
    for (Line line : text) {
      LINK.matcher(line.text.replaceAll("`[^`]*`", ""))
          .results()
          .map(link -> link.group(1))
          .filter(target -> !target.contains(":"))
          .forEach(target -> links.add(new Line(line.number, target)));
    }
    return links;
  }

  /** The index of the line after {@code start} that ends what begins there. */
  private static int end(String name, List<Line> lines, int start, String mark) {
    for (int i = start + 1; i < lines.size(); i++) {
      String stripped = lines.get(i).text.strip();
      if (mark.equals("```") ? stripped.equals(mark) : stripped.endsWith(mark)) {
        return i;
      }
    }
    throw new IllegalArgumentException(
        "%s:%d: what begins here has no %s".formatted(name, lines.get(start).number, mark));
  }

  private static String dedent(String line, int indentation) {
    int spaces = 0;
    while (spaces < indentation && spaces < line.length() && line.charAt(spaces) == ' ') {
      spaces++;
    }
    return line.substring(spaces);
  }
}
