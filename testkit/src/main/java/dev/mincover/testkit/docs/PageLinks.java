package dev.mincover.testkit.docs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The pages that a reader reaches from a first page by links, and the links that lead nowhere. A
 * link to a folder leads to its README if it has one, and to all its pages otherwise.
 */
final class PageLinks {
  private final Path root;
  private final Map<Path, MarkdownPage> pages = new LinkedHashMap<>();

  /** Folders without a README, and files that are no pages. */
  private final Map<Path, Path> others = new TreeMap<>();

  private final List<String> dead = new ArrayList<>();

  /**
   * Follows all links.
   *
   * @param root the project's folder
   * @param first files of pages
   */
  PageLinks(Path root, List<Path> first) {
    this.root = root.toAbsolutePath().normalize();
    first.forEach(file -> page(file.toAbsolutePath().normalize()));
  }

  /** By file, in the order in which links lead to them. */
  Map<Path, MarkdownPage> pages() {
    return pages;
  }

  /** Pictures and other files, and folders without a README. */
  List<Path> others() {
    return List.copyOf(others.values());
  }

  /** Each link that leads nowhere, as {@code page:line: target}. */
  List<String> dead() {
    return dead;
  }

  /** The file or folder that a link leads to; a README if it is a folder that has one. */
  static Path target(Path page, String link) {
    String path = link.replaceFirst("#.*", "");
    Path target = path.isEmpty() ? page : page.resolveSibling(path).normalize();
    Path readme = target.resolve("README.md");
    return Files.exists(readme) ? readme : target;
  }

  /** The pages of a folder, in the order of their names. */
  static List<Path> pagesOf(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".md")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private MarkdownPage page(Path file) {
    MarkdownPage known = pages.get(file);
    if (known != null) {
      return known;
    }
    MarkdownPage page = MarkdownPage.read(root, file);
    pages.put(file, page);
    page.links().forEach(link -> follow(file, page, link));
    return page;
  }

  private void follow(Path file, MarkdownPage page, MarkdownPage.Line link) {
    Path target = target(file, link.text());
    int anchor = link.text().indexOf('#');
    boolean found;
    if (!target.startsWith(root) || !Files.exists(target)) {
      found = false;
    } else if (target.toString().endsWith(".md")) {
      MarkdownPage other = page(target);
      found = anchor < 0 || other.headings().containsKey(link.text().substring(anchor + 1));
    } else {
      if (others.put(target, target) == null && Files.isDirectory(target)) {
        pagesOf(target).forEach(this::page);
      }
      found = anchor < 0;
    }
    if (!found) {
      dead.add("%s:%d: %s".formatted(page.name(), link.number(), link.text()));
    }
  }
}
