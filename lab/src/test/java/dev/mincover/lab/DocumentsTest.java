package dev.mincover.lab;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What is written in this repository, documents and sources. */
class DocumentsTest {

  private static final Path ROOT = root();

  /** Folders that are on one machine and not on the next. */
  private static final Pattern OF_ONE_MACHINE =
      Pattern.compile(
          "(?<![\\w.$}~-])/(?:home|root|tmp|work|Users)/[\\w.-]*|\\b[A-Z]:\\\\Users\\\\");

  @Test
  void everyLinkLeadsSomewhere() throws IOException {
    List<Path> pages = files().stream().filter(file -> file.toString().endsWith(".md")).toList();
    assertThat(pages).contains(ROOT.resolve("README.md"), ROOT.resolve("CONTRIBUTING.md"));
    List<String> broken = new ArrayList<>();
    for (Path page : pages) {
      for (String link : new MarkdownPage(Files.readString(page)).links()) {
        if (!leadsSomewhere(page, link)) {
          broken.add("%s: %s".formatted(ROOT.relativize(page), link));
        }
      }
    }
    assertThat(broken).as("links that lead nowhere").isEmpty();
  }

  /** Whether there is what a link names, if it names something of this repository. */
  private static boolean leadsSomewhere(Path page, String link) throws IOException {
    URI uri = URI.create(link);
    if (uri.getScheme() != null) {
      return true;
    }
    Path target = uri.getPath().isEmpty() ? page : page.resolveSibling(uri.getPath()).normalize();
    if (!target.startsWith(ROOT) || !Files.exists(target)) {
      return false;
    }
    return uri.getFragment() == null
        || !target.toString().endsWith(".md")
        || new MarkdownPage(Files.readString(target)).anchors().contains(uri.getFragment());
  }

  @Test
  void noFileNamesAPlaceOnOneMachine() throws IOException {
    List<Path> files = files();
    assertThat(files).contains(ROOT.resolve("mincover"), ROOT.resolve("core/pom.xml"));
    List<String> named = new ArrayList<>();
    for (Path file : files) {
      // Pictures are among them; this reads whatever bytes there are.
      String text = Files.readString(file, StandardCharsets.ISO_8859_1);
      OF_ONE_MACHINE
          .matcher(text)
          .results()
          .forEach(place -> named.add("%s: %s".formatted(ROOT.relativize(file), place.group())));
    }
    assertThat(named).as("places on one machine").isEmpty();
  }

  /** The documents, the launcher, and poms and sources of every module; nothing that was built. */
  private static List<Path> files() throws IOException {
    List<Path> places =
        new ArrayList<>(
            List.of(
                ROOT.resolve("mincover"),
                ROOT.resolve("pom.xml"),
                ROOT.resolve(".ci"),
                ROOT.resolve("docs")));
    try (Stream<Path> children = Files.list(ROOT)) {
      for (Path child : (Iterable<Path>) children.sorted()::iterator) {
        if (child.toString().endsWith(".md")) {
          places.add(child);
        } else if (Files.exists(child.resolve("pom.xml"))) {
          places.add(child.resolve("pom.xml"));
          places.add(child.resolve("src"));
        }
      }
    }
    places.removeIf(place -> !Files.exists(place)); // The BOM has no sources.
    try (Stream<Path> examples = Files.walk(ROOT.resolve("examples"))) {
      examples
          .filter(Files::isRegularFile)
          .filter(file -> !ROOT.relativize(file).toString().contains("target"))
          .forEach(places::add);
    }
    List<Path> files = new ArrayList<>();
    for (Path place : places) {
      try (Stream<Path> all = Files.walk(place)) {
        all.filter(Files::isRegularFile).forEach(files::add);
      }
    }
    return files;
  }

  /** Tests are started in the folder of a module, or in an editor above it. */
  private static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("CONTRIBUTING.md"))) {
      folder = requireNonNull(folder.getParent(), "started outside the repository");
    }
    return folder;
  }
}
