package dev.mincover.lab.report;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The page of a report: {@code index.html} with its placeholders filled. The page contains
 * everything it needs. Its Content-Security-Policy forbids a browser to fetch anything or to run
 * scripts other than its two.
 */
final class Page {
  private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{(\\w+)}}");

  private Page() {}

  /** Returns the page. */
  static String of(Finding finding, List<Series> all, List<Section> sections, List<String> ends) {
    String echarts = Resource.echarts();
    String script = Resource.text("report.js");
    Map<String, String> content = new LinkedHashMap<>();
    content.put("policy", policy(echarts, script));
    content.put("headline", Html.escape(finding.headline()));
    content.put(
        "names", Html.escape(all.stream().map(Series::name).collect(Collectors.joining("; "))));
    content.put("style", Resource.text("report.css"));
    content.put("notes", Html.escape(String.join(" ", finding.notes())));
    content.put("results", Results.bySeries(all));
    content.put("runs", Results.byRun(all));
    content.put("sections", sections.stream().map(Section::html).collect(Collectors.joining()));
    content.put("ends", Html.paragraphs("end", ends));
    content.put("version", Html.escape(Resource.echartsVersion()));
    content.put("data", Json.inScript(data(sections)));
    content.put("echarts", echarts);
    content.put("script", script);
    return PLACEHOLDER
        .matcher(Resource.text("index.html"))
        .replaceAll(found -> {
          String value = content.get(found.group(1));
          if (value == null) {
            throw new IllegalStateException("no content for " + found.group());
          }
          return Matcher.quoteReplacement(value);
        });
  }

  private static Object data(List<Section> sections) {
    Map<String, Object> charts = new LinkedHashMap<>();
    for (Section section : sections) {
      for (Chart chart : section.charts()) {
        Map<String, Object> views = new LinkedHashMap<>();
        for (Chart.Control control : chart.controls()) {
          views.put(
              control.id(),
              control.views().stream()
                  .collect(Collectors.toMap(Chart.View::id, Chart.View::patch)));
        }
        charts.put(
            chart.id(),
            Json.object(
                "renderer",
                chart.size().dense() ? "canvas" : "svg",
                "option",
                chart.drawing().option(),
                "paper",
                chart.drawing().paper(),
                "views",
                views));
      }
    }
    return Json.object(
        "themes",
        Json.object(
            "light", Json.resource("theme-light.json"), "dark", Json.resource("theme-dark.json")),
        "charts",
        charts);
  }

  /** Returns the policy: a browser may style the page and run the given scripts. */
  private static String policy(String... scripts) {
    StringBuilder sources = new StringBuilder();
    for (String script : scripts) {
      sources.append(" 'sha256-").append(sha256(script)).append('\'');
    }
    return "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src" + sources;
  }

  private static String sha256(String text) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8));
      return Base64.getEncoder().encodeToString(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java runtime has SHA-256", e);
    }
  }
}
