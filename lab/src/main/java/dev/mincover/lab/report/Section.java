package dev.mincover.lab.report;

import dev.mincover.lab.report.Chart.Control;
import dev.mincover.lab.run.Examples;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A section of the page.
 *
 * @param columns number of charts next to each other, if there is room
 * @param text paragraphs before the charts
 * @param examples a table and a picture before the charts; null for none
 */
record Section(
    String title, int columns, List<String> text, List<Chart> charts, @Nullable Examples examples) {

  Section(String title, int columns, List<String> text, List<Chart> charts) {
    this(title, columns, text, charts, null);
  }

  /** Returns a section without charts. */
  static Section of(String run, Examples examples) {
    String title = "%s: %s".formatted(examples.title(), run);
    return new Section(title, 1, List.of(examples.text()), List.of(), examples);
  }

  /** Copies the lists. */
  Section {
    text = List.copyOf(text);
    charts = List.copyOf(charts);
  }

  /** Returns the section. A control that several charts share appears once, above them. */
  String html() {
    Map<String, Control> controls = new LinkedHashMap<>();
    charts.forEach(
        chart -> chart.controls().forEach(control -> controls.putIfAbsent(control.id(), control)));
    List<String> parts = new ArrayList<>();
    parts.add("<h2>%s</h2>".formatted(Html.escape(title)));
    parts.add(Html.paragraphs("lead", text));
    if (examples != null) {
      parts.add(Html.examples(examples));
    }
    if (!controls.isEmpty()) {
      parts.add(
          controls.values().stream()
              .map(Html::control)
              .collect(Collectors.joining("\n", "<div class=\"controls\">", "</div>")));
    }
    parts.add("<div class=\"charts columns-%d\">".formatted(columns));
    charts.forEach(chart -> parts.add(Html.figure(chart)));
    parts.add("</div>");
    return "<section>\n" + String.join("\n", parts) + "\n</section>\n";
  }
}
