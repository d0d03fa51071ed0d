package dev.mincover.lab.report;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.run.RunDirectory;
import java.awt.AWTError;
import java.awt.Desktop;
import java.awt.GraphicsEnvironment;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Serves the report of runs in progress to a browser on this machine. The page reloads from time to
 * time. It is made only when the browser asks for it.
 */
public final class LiveReport implements AutoCloseable {
  private static final int SECONDS_BETWEEN = 10;

  /** The time without a request after which the browser counts as closed. */
  private static final long GONE_NANOS = TimeUnit.SECONDS.toNanos(2 * SECONDS_BETWEEN);

  private final List<RunDirectory> runs;
  private final HttpServer server;
  private final CountDownLatch lastPage = new CountDownLatch(1);
  private volatile long lastSeen = System.nanoTime() - GONE_NANOS;
  private volatile boolean over;

  /**
   * Starts to serve, at a free port of the loopback address.
   *
   * @param runs the runs to report, each from when it has begun
   * @throws UserError if there is no such port
   */
  public LiveReport(List<RunDirectory> runs) {
    this.runs = List.copyOf(runs);
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UserError("--open: cannot serve a page on this machine", e);
    }
    server.createContext("/", this::answer);
    server.start();
  }

  /** The address of the page. */
  public URI address() {
    return URI.create("http://localhost:%d/".formatted(server.getAddress().getPort()));
  }

  /**
   * Opens the page in a browser, if there is a desktop. Otherwise the user can open the address.
   */
  public void show() {
    try {
      if (!GraphicsEnvironment.isHeadless()
          && Desktop.isDesktopSupported()
          && Desktop.getDesktop().isSupported(Desktop.Action.BROWSE)) {
        Desktop.getDesktop().browse(address());
      }
    } catch (IOException | RuntimeException | LinkageError | AWTError _) {
      // The desktop does not work. The address has been printed.
    }
  }

  private void answer(HttpExchange exchange) throws IOException {
    boolean last = over;
    try (exchange) {
      if (!exchange.getRequestMethod().equals("GET")
          || !exchange.getRequestURI().getPath().equals("/")) {
        exchange.sendResponseHeaders(404, -1);
        return;
      }
      byte[] page = page().getBytes(UTF_8);
      exchange.getResponseHeaders().set("Content-Type", "text/html; charset=utf-8");
      exchange.getResponseHeaders().set("Cache-Control", "no-store");
      if (!last) {
        exchange.getResponseHeaders().set("Refresh", "" + SECONDS_BETWEEN);
      }
      exchange.sendResponseHeaders(200, page.length);
      exchange.getResponseBody().write(page);
      lastSeen = System.nanoTime();
    }
    if (last) {
      lastPage.countDown();
    }
  }

  private String page() {
    List<RunDirectory> begun =
        runs.stream()
            .filter(run -> Files.exists(run.summary()) && Files.exists(run.metrics()))
            .toList();
    if (begun.isEmpty()) {
      return line("No run has begun yet.");
    }
    try {
      return Report.of(begun).html();
    } catch (UserError e) {
      // A file that is just being written will be complete next time.
      return line(String.valueOf(e.getMessage()));
    }
  }

  private static String line(String text) {
    return "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Mincover</title><p>%s</p></html>\n"
        .formatted(Html.escape(text));
  }

  /**
   * Stops serving. If a browser has been watching, it loads the page once more, and that page
   * stays; a browser that has been closed is not waited for.
   */
  @Override
  public void close() {
    over = true;
    try {
      if (System.nanoTime() - lastSeen < GONE_NANOS) {
        lastPage.await(SECONDS_BETWEEN + 2, TimeUnit.SECONDS);
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    server.stop(0);
  }
}
