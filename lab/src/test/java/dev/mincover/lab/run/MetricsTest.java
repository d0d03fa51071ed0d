package dev.mincover.lab.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.lab.common.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsTest {
  private final Locale before = Locale.getDefault();

  @TempDir Path folder;

  @AfterEach
  void restoreLocale() {
    Locale.setDefault(before);
  }

  @Test
  void eachRowIsInTheFileAtOnce() {
    // Where a comma is the decimal point.
    Locale.setDefault(Locale.GERMANY);
    Path file = folder.resolve("metrics.csv");
    try (var metrics = new Metrics(file)) {
      assertThat(file).hasContent("step,tokens,seconds,train_loss,validation_loss,learning_rate\n");
      metrics.add(1, 2048, 0.12345, 5.5f, null, 0.1);
      metrics.add(1_000_000, 2_048_000_000_000L, 12_345.6, 0.1f + 0.2f, 1e-5f, 1.0 / 3);
      assertThat(file)
          .hasContent(
              """
              step,tokens,seconds,train_loss,validation_loss,learning_rate
              1,2048,0.123,5.5,,0.1
              1000000,2048000000000,12345.600,0.3,1.0E-5,0.3333333333333333
              """);
    }
  }

  @Test
  void readsWhatItWrote() {
    Path file = folder.resolve("metrics.csv");
    List<Metrics.Row> rows =
        List.of(
            new Metrics.Row(1, 2048, 0.125, 5.5f, null, 0.1),
            new Metrics.Row(2, 4096, 0.25, Float.NaN, Float.POSITIVE_INFINITY, 1.0 / 3));
    try (var metrics = new Metrics(file)) {
      for (Metrics.Row row : rows) {
        metrics.add(
            row.step(),
            row.tokens(),
            row.seconds(),
            row.trainLoss(),
            row.validationLoss(),
            row.learningRate());
      }
    }
    assertThat(Metrics.read(file)).isEqualTo(rows);
  }

  @Test
  void refusesWhatIsNotATable() throws IOException {
    Path file = folder.resolve("metrics.csv");
    assertThatThrownBy(() -> Metrics.read(file))
        .isInstanceOf(UserError.class)
        .hasMessage("cannot read %s: no such file or directory", file);
    for (String text : new String[] {"", "step\n1\n"}) {
      Files.writeString(file, text);
      assertThatThrownBy(() -> Metrics.read(file))
          .isInstanceOf(UserError.class)
          .hasMessageStartingWith(file + " is not the metrics of a run: ");
    }
    for (String line : new String[] {"", "1,2,3", "1,2,3,x,,5", "1,2,3,4,5,6,7"}) {
      Files.writeString(file, Metrics.HEADER + "\n1,2,0.5,4.5,,0.1\n" + line + "\n");
      assertThatThrownBy(() -> Metrics.read(file))
          .as(line)
          .isInstanceOf(UserError.class)
          .hasMessageStartingWith("%s: line 3 is '%s'", file, line);
    }
  }

  @Test
  void refusesAnExistingFileAndAMissingFolder() throws IOException {
    Path file = Files.writeString(folder.resolve("metrics.csv"), "old");
    assertThatThrownBy(() -> new Metrics(file)).isInstanceOf(UserError.class);
    assertThat(file).hasContent("old");
    assertThatThrownBy(() -> new Metrics(folder.resolve("no/metrics.csv")))
        .isInstanceOf(UserError.class)
        .hasMessageEndingWith("metrics.csv: no such file or directory");
  }
}
