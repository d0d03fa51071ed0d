package dev.mincover.lab.report;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/**
 * Files on the class path that become part of a report: its own and those of the charting library.
 */
final class Resource {
  private static final String ECHARTS = "/META-INF/maven/org.webjars.npm/echarts/pom.properties";

  private Resource() {}

  /** Returns the bytes of a file. A name that does not start with a slash is next to this class. */
  static byte[] bytes(String name) {
    try (InputStream in = Resource.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is not on the class path");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the text of a file. */
  static String text(String name) {
    return new String(bytes(name), UTF_8);
  }

  /** Returns Apache ECharts as one minified script, which begins with its licence. */
  static String echarts() {
    return text(
        "/META-INF/resources/webjars/echarts/%s/dist/echarts.min.js".formatted(echartsVersion()));
  }

  /** Returns the version, such as {@code 5.3.1}. */
  static String echartsVersion() {
    Properties properties = new Properties();
    try (InputStream in = Resource.class.getResourceAsStream(ECHARTS)) {
      if (in == null) {
        throw new IllegalStateException(ECHARTS + " is not on the class path");
      }
      properties.load(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return properties.getProperty("version", "");
  }
}
