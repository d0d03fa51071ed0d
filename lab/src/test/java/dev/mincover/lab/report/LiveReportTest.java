package dev.mincover.lab.report;

import static dev.mincover.lab.report.SampleRuns.settings;
import static dev.mincover.lab.report.SampleRuns.sm3;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.lab.run.Metrics;
import dev.mincover.lab.run.RunDirectory;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class LiveReportTest {

  @TempDir private Path folder;

  private final HttpClient client = HttpClient.newHttpClient();

  private HttpResponse<String> get(URI address) throws Exception {
    return client.send(
        HttpRequest.newBuilder(address).timeout(Duration.ofSeconds(30)).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void showsEachRunFromWhenItHasBegun() throws Exception {
    List<RunDirectory> runs =
        List.of(new RunDirectory(folder.resolve("sm3")), new RunDirectory(folder.resolve("adam")));
    CompletableFuture<HttpResponse<String>> last;
    try (LiveReport live = new LiveReport(runs)) {
      assertThat(InetAddress.getByName(live.address().getHost()).isLoopbackAddress()).isTrue();
      HttpResponse<String> before = get(live.address());
      assertThat(before.body()).contains("No run has begun yet");
      assertThat(before.headers().firstValue("Refresh")).contains("10");
      SampleRuns.write(runs.get(0).path(), sm3(), 1, 1.5, 4_080);
      assertThat(get(live.address()).body())
          .contains("SM3 ends at 2.164 bits per byte with 51 % of the optimizer memory");
      SampleRuns.write(runs.get(1).path(), settings("adam", 0.002, 0.9), 1, 1.4, 8_000);
      HttpResponse<String> both = get(live.address());
      assertThat(both.body()).contains("SM3 ends at 2.164 bits per byte, 7.1 % above Adam");
      assertThat(both.headers().firstValue("Refresh")).contains("10");
      last = looksAgainOnceItCloses(live);
    }
    assertThat(last.get(30, TimeUnit.SECONDS).headers().firstValue("Refresh")).isEmpty();
  }

  /** Asks like a browser, but sooner, until there is nothing to come. */
  private CompletableFuture<HttpResponse<String>> looksAgainOnceItCloses(LiveReport live) {
    return CompletableFuture.supplyAsync(() -> {
      try {
        HttpResponse<String> page = get(live.address());
        while (page.headers().firstValue("Refresh").isPresent()) {
          page = get(live.address());
        }
        return page;
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    });
  }

  @Test
  void aRunWithoutAStepHasAPage() throws Exception {
    RunDirectory run = SampleRuns.write(folder.resolve("sm3"), sm3(), 1, null, 4_080);
    Files.delete(run.metrics());
    CompletableFuture<HttpResponse<String>> last;
    try (Metrics _ = new Metrics(run.metrics());
        LiveReport live = new LiveReport(List.of(run))) {
      assertThat(get(live.address()).body()).contains("No run has a validation loss");
      last = looksAgainOnceItCloses(live);
    }
    assertThat(last.get(30, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
  }

  @Test
  void aFileThatIsHalfWrittenIsTriedAgain() throws Exception {
    RunDirectory run = SampleRuns.write(folder.resolve("sm3"), sm3(), 1, 1.5, 4_080);
    String metrics = Files.readString(run.metrics());
    CompletableFuture<HttpResponse<String>> last;
    try (LiveReport live = new LiveReport(List.of(run))) {
      Files.writeString(run.metrics(), metrics + "51,522");
      HttpResponse<String> torn = get(live.address());
      assertThat(torn.body()).contains("line 52 is '51,522'");
      assertThat(torn.headers().firstValue("Refresh")).contains("10");
      Files.writeString(run.metrics(), metrics);
      assertThat(get(live.address()).body()).contains("SM3 ends at 2.164 bits per byte");
      last = looksAgainOnceItCloses(live);
    }
    assertThat(last.get(30, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
  }

  @Test
  void endsAtOnceIfNobodyLooks() throws Exception {
    URI address;
    try (LiveReport live = new LiveReport(List.of(new RunDirectory(folder)))) {
      address = live.address();
      assertThat(get(address.resolve("/favicon.ico")).statusCode()).isEqualTo(404);
    }
    assertThatThrownBy(() -> get(address)).isInstanceOf(ConnectException.class);
  }
}
