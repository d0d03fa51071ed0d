package dev.mincover.lab;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** A page in Markdown: where its links lead, and where links may lead in it. */
record MarkdownPage(String text) {

  private static final Pattern FENCED_CODE =
      Pattern.compile(
          "^ *(`{3,}|~{3,}).*?(?:^ *\\1[`~]*$|\\z)", Pattern.MULTILINE | Pattern.DOTALL);

  private static final Pattern CODE_IN_A_LINE =
      Pattern.compile("(?<!`)(`+)(?!`).*?(?<!`)\\1(?!`)", Pattern.DOTALL);

  private static final Pattern TITLE = Pattern.compile("\\s+(?:\"[^\"]*\"|'[^']*')");

  private static final Pattern LINK =
      Pattern.compile("\\]\\(\\s*<?([^\\s<>)]+)>?(?:" + TITLE + ")?\\s*\\)");

  private static final Pattern DEFINITION =
      Pattern.compile("^ {0,3}\\[[^\\]]+\\]:\\s*<?([^\\s<>]+)>?", Pattern.MULTILINE);

  private static final Pattern HEADING =
      Pattern.compile("^ {0,3}#{1,6}[ \\t]+(.+?)(?:[ \\t]+#+)?[ \\t]*$", Pattern.MULTILINE);

  private static final Pattern LINKED_TEXT = Pattern.compile("\\[([^\\]]*)\\]\\([^)]*\\)");

  private static final Pattern ID = Pattern.compile("<[^>]*\\b(?:id|name)=\"([^\"]+)\"");

  /** What stands for links between brackets or in definitions, in order; code has none. */
  List<String> links() {
    String prose = CODE_IN_A_LINE.matcher(withoutFences()).replaceAll("");
    List<String> links = new ArrayList<>();
    LINK.matcher(prose).results().map(link -> link.group(1)).forEach(links::add);
    DEFINITION.matcher(prose).results().map(link -> link.group(1)).forEach(links::add);
    return links;
  }

  /**
   * The fragments that lead to a place in the page: ids, and headings as GitHub names them, in
   * lower case, with hyphens for spaces, without punctuation, and numbered from 1 if repeated.
   */
  Set<String> anchors() {
    String text = withoutFences();
    Set<String> anchors = new HashSet<>();
    ID.matcher(text).results().map(id -> id.group(1)).forEach(anchors::add);
    Map<String, Integer> seen = new HashMap<>();
    HEADING
        .matcher(text)
        .results()
        .map(MarkdownPage::anchor)
        .forEach(anchor -> {
          int before = seen.merge(anchor, 1, Integer::sum) - 1;
          anchors.add(before == 0 ? anchor : anchor + "-" + before);
        });
    return anchors;
  }

  private static String anchor(MatchResult heading) {
    return LINKED_TEXT
        .matcher(heading.group(1))
        .replaceAll("$1")
        .toLowerCase(Locale.ROOT)
        .replaceAll("[^\\p{L}\\p{M}\\p{N} _-]", "")
        .replace(' ', '-');
  }

  private String withoutFences() {
    return FENCED_CODE.matcher(text).replaceAll("");
  }
}
