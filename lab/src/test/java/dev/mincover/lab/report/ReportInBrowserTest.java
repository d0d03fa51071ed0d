package dev.mincover.lab.report;

import static dev.mincover.lab.report.SampleRuns.settings;
import static dev.mincover.lab.report.SampleRuns.sm3;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.run.Summary;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Opens a report from its file, as its reader does. */
class ReportInBrowserTest {
  private static final String ALL_DRAWN =
      "document.readyState === 'complete' && [...document.querySelectorAll('.plot')]"
          + ".every(plot => plot.querySelector('svg, canvas'))";

  @TempDir private Path folder;

  // Chromium may still write into its own while it ends.
  @TempDir(cleanup = CleanupMode.NEVER)
  private Path profile;

  private List<RunDirectory> runs = List.of();
  private Path html = Path.of("report.html");
  private Optional<Browser> started = Optional.empty();

  @BeforeEach
  void writeReportAndStart() throws Exception {
    Optional<Path> chromium = Browser.installed();
    assumeTrue(
        chromium.isPresent(), "no chromium on the PATH: the report is not opened in a browser");
    runs =
        List.of(
            SampleRuns.write(folder.resolve("sm3-1"), sm3(), 1, 1.5 + 1 / 3.0, 4_080),
            SampleRuns.write(folder.resolve("sm3-2"), sm3(), 2, 1.6, 4_080),
            SampleRuns.write(folder.resolve("adam"), settings("adam", 0.002, 0.9), 1, 1.4, 8_000));
    SampleRuns.writeStatistics(runs.getFirst());
    html = folder.resolve("report.html");
    Report.of(runs).write(html);
    started = Optional.of(new Browser(chromium.get(), profile));
    for (String domain : List.of("Page", "Network", "Runtime", "Log")) {
      browser().call(domain + ".enable", Map.of());
    }
  }

  @AfterEach
  void stop() {
    if (started.isPresent()) {
      started.get().close();
    }
  }

  private Browser browser() {
    return started.orElseThrow();
  }

  private void open(int width, boolean dark) throws Exception {
    browser()
        .call(
            "Emulation.setDeviceMetricsOverride",
            Map.of("width", width, "height", 800, "deviceScaleFactor", 1, "mobile", width < 600));
    browser()
        .call(
            "Emulation.setEmulatedMedia",
            Map.of(
                "features",
                List.of(Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light"))));
    browser().call("Page.navigate", Map.of("url", html.toUri().toString()));
    browser().await("location.protocol === 'file:' && " + ALL_DRAWN);
  }

  private void assertQuiet() {
    assertThat(browser().events("Network.requestWillBeSent"))
        .isNotEmpty()
        .allSatisfy(event ->
            assertThat(event.path("request").path("url").stringValue())
                .isEqualTo(html.toUri().toString()));
    assertThat(browser().events("Runtime.exceptionThrown")).isEmpty();
    assertThat(browser().events("Runtime.consoleAPICalled")).isEmpty();
    assertThat(browser().events("Log.entryAdded")).isEmpty();
  }

  @Test
  void drawsEveryChartWithoutARequestOrAnError() throws Exception {
    for (boolean dark : new boolean[] {false, true}) {
      open(1280, dark);
      assertThat(browser().evaluate("document.querySelectorAll('.plot').length").intValue())
          .isEqualTo(10);
      assertThat(
              browser().evaluate("getComputedStyle(document.body).backgroundColor").stringValue())
          .isEqualTo(dark ? "rgb(21, 23, 27)" : "rgb(255, 255, 255)");
    }
    assertQuiet();
  }

  @Test
  void isNoWiderThanAPhone() throws Exception {
    open(390, false);
    assertThat(browser().evaluate("document.documentElement.scrollWidth").intValue())
        .isEqualTo(390);
    assertThat(
            browser()
                .evaluate(
                    "Math.max(...[...document.querySelectorAll('.plot svg, .plot canvas')].map(each => each.getBoundingClientRect().right))")
                .doubleValue())
        .isLessThanOrEqualTo(390);
    assertQuiet();
  }

  @Test
  void itsNumbersAreThoseOfTheSummaries() throws Exception {
    open(1280, false);
    for (RunDirectory run : runs) {
      JsonNode summary = new JsonMapper().readTree(run.summary().toFile());
      String row = "document.querySelector('tr[data-run=\"%s\"]')".formatted(run.path());
      for (String field :
          List.of(
              "seed",
              "steps",
              "tokens",
              "validationLoss",
              "validationBits",
              "optimizerStateBytes",
              "peakMemoryBytes",
              "parameters",
              "seconds",
              "optimizerSeconds",
              "tokensPerSecond")) {
        assertThat(
                browser()
                    .evaluate(
                        row + ".querySelector('[data-field=%s]').dataset.value".formatted(field))
                    .stringValue())
            .as("%s of %s", field, run.path())
            .isEqualTo(summary.path(field).asString());
      }
    }
    Double bits = Summary.read(runs.getLast().summary()).quality().validationBits();
    assertThat(browser().evaluate("document.querySelector('.results').innerText").stringValue())
        .contains("%.3f".formatted(bits));
    assertThat(browser().evaluate("document.querySelector('h1').innerText").stringValue())
        .startsWith("SM3 ends at 2.477 bits per byte, 23 % above Adam, with 51 % of Adam");
  }

  @Test
  void buttonsChangeTheViewOfEveryCourse() throws Exception {
    open(1280, false);
    String text = "document.getElementById('%s').querySelector('svg').textContent";
    for (String chart : List.of("validation", "training", "learning-rate")) {
      assertThat(browser().evaluate(text.formatted(chart)).stringValue()).contains("step");
    }
    browser().evaluate("document.querySelector('[data-view=tokens]').click()");
    browser().evaluate("document.querySelector('[data-view=log]').click()");
    for (String chart : List.of("validation", "training", "learning-rate")) {
      browser().await(text.formatted(chart) + ".includes('tokens')");
    }
    assertThat(
            browser()
                .evaluate(
                    "[...document.querySelectorAll('[aria-pressed=true]')].map(each => each.innerText).join()")
                .stringValue())
        .isEqualTo("by tokens,logarithmic");
    assertQuiet();
  }

  @Test
  void pointingAtACurveTellsItsValues() throws Exception {
    open(1280, false);
    point("mouseMoved", Map.of());
    // In the middle is step 20, where SM3's is the mean of two seeds.
    String tip = "20\\nAdam, momentum 0.9\\n2.2362\\nSM3-II, momentum 0.9\\n2.693";
    browser()
        .await(
            "[...document.querySelectorAll('#validation div')].some(each => each.innerText === '%s')"
                .formatted(tip));
    assertQuiet();
  }

  @Test
  void turningTheWheelWithCtrlZooms() throws Exception {
    open(1280, false);
    String span =
        "(zoom => zoom.end - zoom.start)(echarts.getInstanceByDom(document.getElementById('validation')).getOption().dataZoom[0])";
    assertThat(browser().evaluate(span).doubleValue()).isEqualTo(100);
    point("mouseMoved", Map.of());
    point("mouseWheel", Map.of("deltaX", 0, "deltaY", -300));
    assertThat(browser().evaluate(span).doubleValue()).isEqualTo(100);
    point("mouseWheel", Map.of("deltaX", 0, "deltaY", -300, "modifiers", 2));
    browser().await(span + " < 100");
    assertQuiet();
  }

  /** An event of the mouse in the middle of the first chart. */
  private void point(String type, Map<String, Object> more) throws Exception {
    JsonNode place =
        browser()
            .evaluate(
                "(plot => { plot.scrollIntoView({block: 'center'}); const box = plot.getBoundingClientRect(); return {x: box.x + box.width / 2, y: box.y + box.height / 2}; })(document.getElementById('validation'))");
    Map<String, Object> event = new HashMap<>(more);
    event.putAll(
        Map.of("type", type, "x", place.get("x").doubleValue(), "y", place.get("y").doubleValue()));
    browser().call("Input.dispatchMouseEvent", event);
  }

  @Test
  void printsOnWhiteWithoutControls() throws Exception {
    open(1280, true);
    browser().call("Emulation.setEmulatedMedia", Map.of("media", "print"));
    assertThat(browser().evaluate("getComputedStyle(document.body).backgroundColor").stringValue())
        .isEqualTo("rgb(255, 255, 255)");
    assertThat(
            browser()
                .evaluate(
                    "[...document.querySelectorAll('.controls')].map(each => getComputedStyle(each).display).join()")
                .stringValue())
        .matches("none(,none)*");
    assertQuiet();
  }
}
