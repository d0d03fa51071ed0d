package dev.mincover.testkit.docs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Prepares the source of the documentation site from the pages as they are: every page that links
 * lead to from README.md, with GitHub's anchors, pictures, a menu made from docs/README.md, and the
 * sources for the Javadoc. * {@code mvn -N site} runs this file as a program, with the folder to
 * write to as its argument.
 */
final class SitePages {
  private final Path root;
  private final Path output;
  private final PageLinks links;

  private SitePages(Path root, Path output) {
    this.root = root;
    this.output = output;
    links =
        new PageLinks(
            root,
            Stream.of("README.md", "CHANGELOG.md", "SECURITY.md").map(root::resolve).toList());
  }

  public static void main(String[] arguments) throws IOException {
    Path root = MarkdownPage.root();
    new SitePages(root, root.resolve(arguments[0])).write();
  }

  private void write() throws IOException {
    if (!links.dead().isEmpty()) {
      throw new IllegalStateException("links that lead nowhere: " + links.dead());
    }
    for (Map.Entry<Path, MarkdownPage> page : links.pages().entrySet()) {
      write("markdown/" + name(page.getKey()), content(page.getKey(), page.getValue()));
    }
    for (Path other : links.others()) {
      Path relative = root.relativize(other);
      if (Files.isDirectory(other)) {
        write("markdown/" + relative + "/index.md", contents(other));
      } else {
        copy(other, output.resolve("resources").resolve(relative));
      }
    }
    for (String module :
        List.of("core", "testkit", "torch", "djl", "tensorflow", "nd4j", "tribuo", "gpu")) {
      copySources(root.resolve(module).resolve("src/main/java"));
    }
    copy(root.resolve("docs/site/site.css"), output.resolve("resources/css/site.css"));
    String frame = Files.readString(root.resolve("docs/site/site.xml"));
    write("site.xml", frame.replace("<!-- menus -->", menus()));
  }

  /** For the Javadoc: of all modules in one folder, and so without core's module descriptor. */
  private void copySources(Path sources) throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.walk(sources)) {
      files = all.filter(file -> file.toString().endsWith(".java")).toList();
    }
    for (Path file : files) {
      if (!file.endsWith("module-info.java")) {
        copy(file, output.resolve("java").resolve(sources.relativize(file)));
      }
    }
  }

  private static void copy(Path file, Path copy) throws IOException {
    Files.createDirectories(copy.getParent());
    Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
  }

  private void write(String name, String text) throws IOException {
    Path file = output.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  /** The name of a page in the site: the README is the first page. */
  private String name(Path page) {
    String name = root.relativize(page).toString().replace('\\', '/');
    return name.equals("README.md") ? "index.md" : name;
  }

  /** A page with anchors at its headings, and with links to what stands in the site. */
  private String content(Path file, MarkdownPage page) throws IOException {
    List<String> lines = Files.readAllLines(file);
    page.headings()
        .forEach((anchor, heading) -> {
          String line = heading.text();
          int text = line.indexOf(' ') + 1;
          lines.set(
              heading.number() - 1,
              "%s<a id=\"%s\"></a>%s"
                  .formatted(line.substring(0, text), anchor, line.substring(text)));
        });
    page.links()
        .forEach(link -> {
          int index = link.number() - 1;
          String target = "](" + link.text() + ")";
          lines.set(
              index, lines.get(index).replace(target, "](" + inSite(file, link.text()) + ")"));
        });
    return String.join("\n", lines) + "\n";
  }

  private String inSite(Path file, String link) {
    if (link.startsWith("#")) {
      return link;
    }
    Path target = PageLinks.target(file, link);
    String name = Files.isDirectory(target) ? root.relativize(target) + "/index.md" : name(target);
    Path from = Path.of(name(file)).getParent();
    String anchor = link.contains("#") ? link.substring(link.indexOf('#')) : "";
    return (from == null ? Path.of(name) : from.relativize(Path.of(name))) + anchor;
  }

  /** A page that lists the pages of a folder. */
  private String contents(Path folder) throws IOException {
    StringBuilder text = new StringBuilder("# " + title(folder.getFileName().toString()) + "\n\n");
    for (Path page : PageLinks.pagesOf(folder)) {
      text.append("- [%s](%s)%n".formatted(heading(page), page.getFileName()));
    }
    return text.toString();
  }

  private String heading(Path page) {
    return MarkdownPage.read(root, page).headings().values().iterator().next().text().substring(2);
  }

  private static String title(String name) {
    return Character.toUpperCase(name.charAt(0)) + name.substring(1);
  }

  /** A menu for each section of docs/README.md, with what its list leads to. */
  private String menus() throws IOException {
    Path overview = root.resolve("docs/README.md");
    StringBuilder menus = new StringBuilder();
    for (String section : Files.readString(overview).split("(?m)^## ", -1)) {
      List<String> items =
          Stream.concat(
                  section.lines().filter(line -> line.startsWith("- [")),
                  section.startsWith("Decisions") ? decisions().stream() : Stream.empty())
              .map(line -> item(overview, line))
              .toList();
      if (!items.isEmpty()) {
        menus.append(
            "<menu name=\"%s\">%n%s</menu>%n"
                .formatted(section.lines().findFirst().orElseThrow(), String.join("", items)));
      }
    }
    return menus.toString();
  }

  private List<String> decisions() throws IOException {
    return PageLinks.pagesOf(root.resolve("docs/decisions")).stream()
        .map(page -> "- [%s](decisions/%s)".formatted(heading(page), page.getFileName()))
        .toList();
  }

  private String item(Path overview, String line) {
    String name = line.substring(3, line.indexOf(']'));
    String link = line.substring(line.indexOf("](") + 2, line.indexOf(')', line.indexOf("](")));
    String page = name(PageLinks.target(overview, link)).replaceFirst("\\.md$", ".html");
    return "<item name=\"%s\" href=\"%s\"/>%n".formatted(escaped(name), page);
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;").replace("`", "");
  }
}
