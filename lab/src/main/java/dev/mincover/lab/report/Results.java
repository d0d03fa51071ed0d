package dev.mincover.lab.report;

import dev.mincover.lab.common.ByteCount;
import dev.mincover.lab.common.Figures;
import dev.mincover.lab.run.Summary;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The tables of results. The text is rounded. The cells of a run also hold the exact numbers of its
 * summary in {@code data-value}, under the summary's names in {@code data-field}.
 */
final class Results {

  private record Column(String head, String help, Function<Series, Cell> cell) {}

  private record Cell(String text, String exact) {}

  private record Field(
      String name, String head, Function<Summary, @Nullable Object> value, Format format) {}

  private interface Format {
    String of(double value);
  }

  /** The head of what only some tasks have. */
  private static final String SCORE = "score";

  private static final List<Column> COLUMNS =
      List.of(
          new Column("bits", "validation loss over ln 2, per byte or picture", Results::bits),
          new Column("perplexity", "e to the validation loss", Results::perplexity),
          new Column(SCORE, "accuracy in percent, or BLEU; higher is better", Results::score),
          new Column(
              "state",
              "what the optimizer allocated",
              each -> {
                double bytes = each.mean(summary -> summary.memory().optimizerStateBytes());
                return new Cell(ByteCount.format(Math.round(bytes)), exact(bytes) + " bytes");
              }),
          new Column(
              "bytes a weight", "state over weights", each -> cell("%.2f", each.bytesPerWeight())),
          new Column(
              "of Adam\u2019s",
              "state over what Adam would allocate",
              each -> new Cell(Figures.percent(each.shareOfAdam()), exact(each.shareOfAdam()))),
          new Column("peak memory", "most of the process, mean of the runs", Results::peak),
          new Column(
              "tokens/s",
              "in training steps",
              each -> cell("%,.0f", each.mean(summary -> summary.course().tokensPerSecond()))),
          new Column(
              "in the optimizer",
              "share of the training time",
              each -> {
                double share =
                    each.mean(summary ->
                        summary.course().optimizerSeconds()
                            / Math.max(1e-9, summary.course().seconds()));
                return new Cell(Figures.percent(share), exact(share));
              }),
          new Column(
              "tokens",
              "trained on",
              each -> cell("%,.0f", each.mean(summary -> summary.course().tokens()))));

  private static final List<Field> FIELDS =
      List.of(
          new Field("seed", "seed", summary -> summary.setup().seed(), format("%.0f")),
          new Field("steps", "steps", summary -> summary.course().steps(), format("%,.0f")),
          new Field("tokens", "tokens", summary -> summary.course().tokens(), format("%,.0f")),
          new Field(
              "validationLoss",
              "loss, nats",
              summary -> summary.quality().validationLoss(),
              loss -> Figures.decimals(4, loss)),
          new Field(
              "validationBits",
              "bits",
              summary -> summary.quality().validationBits(),
              bits -> Figures.decimals(3, bits)),
          new Field(
              "score",
              SCORE,
              summary ->
                  summary.quality().score() == null ? null : summary.quality().score().value(),
              score -> Figures.decimals(2, score)),
          new Field(
              "optimizerStateBytes",
              "state",
              summary -> summary.memory().optimizerStateBytes(),
              bytes -> ByteCount.format((long) bytes)),
          new Field(
              "peakMemoryBytes",
              "peak memory",
              summary -> summary.memory().peakMemoryBytes(),
              bytes -> ByteCount.format((long) bytes)),
          new Field(
              "parameters", "weights", summary -> summary.memory().parameters(), format("%,.0f")),
          new Field("seconds", "seconds", summary -> summary.course().seconds(), format("%,.1f")),
          new Field(
              "optimizerSeconds",
              "of these in the optimizer",
              summary -> summary.course().optimizerSeconds(),
              format("%,.2f")),
          new Field(
              "tokensPerSecond",
              "tokens/s",
              summary -> summary.course().tokensPerSecond(),
              format("%,.0f")));

  private Results() {}

  private static boolean isScored(List<Series> all) {
    return all.stream()
        .flatMap(series -> series.runs().stream())
        .anyMatch(run -> run.summary().quality().score() != null);
  }

  /** Returns the table with a row for each series. */
  static String bySeries(List<Series> all) {
    List<Column> columns =
        COLUMNS.stream().filter(column -> isScored(all) || !column.head().equals(SCORE)).toList();
    String head =
        columns.stream()
            .map(column ->
                "<th scope=\"col\" title=\"%s\">%s</th>"
                    .formatted(Html.escape(column.help()), Html.escape(column.head())))
            .collect(Collectors.joining());
    StringBuilder rows = new StringBuilder();
    double best =
        all.stream()
            .flatMap(series -> series.meanBits().stream().boxed())
            .min(Double::compare)
            .orElse(Double.NaN);
    for (Series series : all) {
      boolean isBest = all.size() > 1 && series.meanBits().orElse(-1) == best;
      rows.append(
          "<tr%s><th scope=\"row\"><span class=\"swatch\" style=\"--colour:%s\"></span>%s%s</th>"
              .formatted(
                  isBest ? " class=\"best\"" : "",
                  Style.colour(series.index()),
                  Html.escape(series.name()),
                  series.runs().size() > 1
                      ? " <small>%d runs</small>".formatted(series.runs().size())
                      : ""));
      for (Column column : columns) {
        Cell cell = column.cell().apply(series);
        rows.append(
            "<td title=\"%s\">%s</td>"
                .formatted(Html.escape(cell.exact()), Html.escape(cell.text())));
      }
      rows.append("</tr>\n");
    }
    return "<table class=\"results\"><caption>Results by optimizer</caption><thead><tr><th scope=\"col\">optimizer</th>%s</tr></thead><tbody>\n%s</tbody></table>"
        .formatted(head, rows);
  }

  /** Returns the table with a row for each run, with the numbers of its summary. */
  static String byRun(List<Series> all) {
    List<Field> fields =
        FIELDS.stream().filter(field -> isScored(all) || !field.head().equals(SCORE)).toList();
    String head =
        fields.stream()
            .map(field -> "<th scope=\"col\">%s</th>".formatted(Html.escape(field.head())))
            .collect(Collectors.joining());
    StringBuilder rows = new StringBuilder();
    for (Series series : all) {
      for (ReportedRun run : series.runs()) {
        rows.append(
            "<tr data-run=\"%s\"><th scope=\"row\">%s</th>"
                .formatted(
                    Html.escape(run.directory().path().toString()), Html.escape(run.name())));
        for (Field field : fields) {
          rows.append(field(field, run.summary()));
        }
        rows.append("</tr>\n");
      }
    }
    return "<table class=\"runs\"><caption>Every run, as in its summary.json</caption><thead><tr><th scope=\"col\">run</th>%s</tr></thead><tbody>\n%s</tbody></table>"
        .formatted(head, rows);
  }

  private static String field(Field field, Summary summary) {
    Object value = field.value().apply(summary);
    String exact = value == null ? "" : value.toString();
    String text = value instanceof Number number ? field.format().of(number.doubleValue()) : "none";
    return "<td data-field=\"%s\" data-value=\"%s\" title=\"%s\">%s</td>"
        .formatted(field.name(), exact, exact, Html.escape(text));
  }

  private static Cell bits(Series series) {
    return mean(series, series.bits().boxed().toList(), 3);
  }

  private static Cell score(Series series) {
    return mean(
        series,
        series.runs().stream()
            .map(run -> run.summary().quality().score())
            .filter(Objects::nonNull)
            .map(Summary.Score::value)
            .toList(),
        2);
  }

  private static Cell perplexity(Series series) {
    return mean(series, series.bits().map(bits -> Math.pow(2, bits)).boxed().toList(), 2);
  }

  /** Returns the mean peak memory of the runs whose system counts it. */
  private static Cell peak(Series series) {
    List<Long> bytes =
        series.runs().stream()
            .map(run -> run.summary().memory().peakMemoryBytes())
            .filter(Objects::nonNull)
            .toList();
    if (bytes.isEmpty()) {
      return new Cell("none", "not counted by the system");
    }
    double mean = bytes.stream().mapToLong(Long::longValue).average().orElseThrow();
    return new Cell(ByteCount.format(Math.round(mean)), exact(mean) + " bytes");
  }

  /** Returns the mean and, for several values, the standard deviation. */
  private static Cell mean(Series series, List<Double> values, int decimals) {
    if (values.isEmpty()) {
      return new Cell("none", "not measured or not finite");
    }
    double mean = values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    List<String> texts = new ArrayList<>();
    texts.add(Figures.decimals(decimals, mean));
    if (values.size() > 1) {
      double squares = values.stream().mapToDouble(value -> (value - mean) * (value - mean)).sum();
      texts.add("\u00b1 " + Figures.decimals(decimals, Math.sqrt(squares / (values.size() - 1))));
    }
    if (values.size() < series.runs().size()) {
      texts.add("(%d of %d runs)".formatted(values.size(), series.runs().size()));
    }
    return new Cell(
        String.join(" ", texts),
        values.stream().map(Results::exact).collect(Collectors.joining(", ")));
  }

  private static Cell cell(String format, double value) {
    return new Cell(String.format(Locale.ROOT, format, value), exact(value));
  }

  private static String exact(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? Long.toString((long) value)
        : Double.toString(value);
  }

  private static Format format(String pattern) {
    return value -> String.format(Locale.ROOT, pattern, value);
  }
}
