package dev.mincover.lab.report;

import dev.mincover.lab.report.Chart.Control;
import dev.mincover.lab.report.Chart.Table;
import dev.mincover.lab.run.Examples;
import java.util.List;
import java.util.stream.Collectors;

/** Parts of a page. */
final class Html {

  private Html() {}

  /** Escapes text for use between tags and in attributes with double quotes. */
  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }

  /** Returns paragraphs of one class. */
  static String paragraphs(String kind, List<String> texts) {
    return texts.stream()
        .map(text -> "<p class=\"%s\">%s</p>".formatted(kind, escape(text)))
        .collect(Collectors.joining("\n"));
  }

  /** Returns buttons of which one is pressed. */
  static String control(Control control) {
    StringBuilder buttons = new StringBuilder();
    boolean pressed = true;
    for (Chart.View view : control.views()) {
      buttons.append(
          "<button type=\"button\" data-control=\"%s\" data-view=\"%s\" aria-pressed=\"%s\">%s</button>"
              .formatted(escape(control.id()), escape(view.id()), pressed, escape(view.label())));
      pressed = false;
    }
    return "<div class=\"control\" role=\"group\" aria-label=\"%s\">%s</div>"
        .formatted(escape(control.label()), buttons);
  }

  /** Returns a chart with its words and numbers. The page's script draws the chart itself. */
  static String figure(Chart chart) {
    return """
    <figure class="%s">
    <h3>%s</h3>
    <div class="plot" id="%s" role="img" aria-label="%s" style="--height:%dpx;--rows:%d"></div>
    <figcaption>%s</figcaption>
    <details><summary>Numbers</summary><div class="wide">%s</div></details>
    </figure>
    """
        .formatted(
            chart.size().dense() ? "dense" : "sparse",
            escape(chart.words().title()),
            escape(chart.id()),
            escape(chart.words().title() + ". " + chart.words().description()),
            chart.size().height(),
            chart.size().legendRows(),
            escape(chart.words().caption()),
            table(chart.words().title(), chart.numbers()));
  }

  /** Returns the table and the picture of examples. */
  static String examples(Examples examples) {
    String picture =
        examples.picture() == null
            ? ""
            : "<img class=\"examples\" alt=\"%s\" src=\"data:image/png;base64,%s\">\n"
                .formatted(escape(examples.title()), escape(examples.picture()));
    String table =
        examples.rows().isEmpty()
            ? ""
            : "<div class=\"wide\">%s</div>"
                .formatted(table(examples.title(), new Table(examples.head(), examples.rows())));
    return picture + table;
  }

  private static String table(String caption, Table table) {
    String head =
        table.head().stream()
            .map(cell -> "<th scope=\"col\">%s</th>".formatted(escape(cell)))
            .collect(Collectors.joining());
    String body =
        table.rows().stream()
            .map(row ->
                row.stream()
                    .map(cell -> "<td>%s</td>".formatted(escape(cell)))
                    .collect(Collectors.joining("", "<tr>", "</tr>\n")))
            .collect(Collectors.joining());
    return "<table class=\"numbers\"><caption>%s</caption><thead><tr>%s</tr></thead><tbody>\n%s</tbody></table>"
        .formatted(escape(caption), head, body);
  }
}
