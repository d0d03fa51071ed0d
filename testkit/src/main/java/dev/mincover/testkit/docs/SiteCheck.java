package dev.mincover.testkit.docs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Checks that no link within the documentation site is dead, anchors included. {@code mvn -N site}
 * runs this file as a program, with the folder of the site as its argument.
 */
final class SiteCheck {
  private static final Pattern LINK = Pattern.compile("(?:href|src)=\"([^\":]*)\"");
  private static final Pattern ANCHOR = Pattern.compile("\\b(?:id|name)=\"([^\"]*)\"");

  private SiteCheck() {}

  public static void main(String[] arguments) throws IOException {
    List<String> dead = dead(Path.of(arguments[0]));
    if (!dead.isEmpty()) {
      throw new IllegalStateException(
          "links of the site that lead nowhere:\n" + String.join("\n", dead));
    }
  }

  /** The dead links of all pages outside the Javadoc, as {@code page: link}. */
  static List<String> dead(Path site) throws IOException {
    List<Path> pages;
    try (Stream<Path> files = Files.walk(site)) {
      pages =
          files
              .filter(file -> file.toString().endsWith(".html"))
              .filter(file -> !file.startsWith(site.resolve("apidocs")))
              .sorted()
              .toList();
    }
    Map<Path, List<String>> anchors = new HashMap<>();
    for (Path page : pages) {
      anchors.put(page.normalize(), matches(ANCHOR, Files.readString(page)));
    }
    List<String> dead = new ArrayList<>();
    for (Path page : pages) {
      for (String link : matches(LINK, Files.readString(page))) {
        String[] parts = link.split("#", 2);
        Path target = parts[0].isEmpty() ? page : page.resolveSibling(parts[0]);
        boolean found = Files.isRegularFile(target);
        if (found && parts.length == 2 && !parts[1].isEmpty()) {
          found = anchors.getOrDefault(target.normalize(), List.of()).contains(parts[1]);
        }
        if (!found) {
          dead.add("%s: %s".formatted(site.relativize(page), link));
        }
      }
    }
    return dead;
  }

  private static List<String> matches(Pattern pattern, String html) {
    return pattern.matcher(html).results().map(match -> match.group(1)).distinct().toList();
  }
}
