package dev.mincover.testkit.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** No link between pages is dead, and every page of docs is reached from the README. */
class PageLinksTest {

  @Test
  void linksOfTheDocumentationLeadSomewhere() {
    Path root = MarkdownPage.root();
    List<Path> first = new ArrayList<>();
    MarkdownPage.ofProject().forEach(page -> first.add(root.resolve(page.name())));
    for (String page : List.of("CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")) {
      first.add(root.resolve(page));
    }
    assertThat(new PageLinks(root, first).dead()).isEmpty();
  }

  @Test
  void everyPageIsReached() {
    Path root = MarkdownPage.root();
    PageLinks links = new PageLinks(root, List.of(root.resolve("README.md")));
    assertThat(links.pages().values())
        .extracting(MarkdownPage::name)
        .containsAll(MarkdownPage.ofProject().stream().map(MarkdownPage::name).toList());
  }

  @Test
  void deadLinksAreNamed(@TempDir Path folder) throws IOException {
    Files.createDirectories(folder.resolve("docs/empty"));
    Files.writeString(folder.resolve("docs/picture.png"), "");
    Files.writeString(
        folder.resolve("docs/README.md"), "# A page\n\n## It's `one` thing\n\n## A page\n");
    Path page = folder.resolve("README.md");
    Files.writeString(
        page,
        """
        [right](docs/README.md#its-one-thing), [right](docs#a-page-1), ![right](docs/picture.png),
        [right](https://example.org), [right](#here), [right](docs/empty), `[code](of-no-interest)`

        # Here

        [wrong](docs/missing.md)
        [wrong](docs/README.md#another-thing) and [wrong](#there)
        ![wrong](docs/missing.png)
        ```
        [code](of-no-interest)
        ```
        """);
    assertThat(new PageLinks(folder, List.of(page)).dead())
        .containsExactly(
            "README.md:6: docs/missing.md",
            "README.md:7: docs/README.md#another-thing",
            "README.md:7: #there",
            "README.md:8: docs/missing.png");
  }

  @Test
  void deadLinksOfASiteAreNamed(@TempDir Path site) throws IOException {
    Files.createDirectories(site.resolve("apidocs"));
    Files.writeString(site.resolve("apidocs/index.html"), "<a href='missing.html'>");
    Files.writeString(site.resolve("other.html"), "<h2><a id=\"here\"></a>Here</h2>");
    Files.writeString(
        site.resolve("index.html"),
        """
        <a href="other.html#here"> <a href="apidocs/index.html"> <a href="https://example.org">
        <a href="other.html#there"> <img src="missing.png"/> <a href="#nowhere">
        """);
    assertThat(SiteCheck.dead(site))
        .containsExactly(
            "index.html: other.html#there", "index.html: missing.png", "index.html: #nowhere");
  }
}
