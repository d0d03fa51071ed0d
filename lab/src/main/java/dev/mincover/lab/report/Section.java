package dev.mincover.lab.report;

import dev.mincover.lab.report.Chart.Control;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A section of the page.
 *
 * @param columns number of charts next to each other, if there is room
 * @param text paragraphs before the charts
 */
record Section(String title, int columns, List<String> text, List<Chart> charts) {

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
