package dev.mincover.lab.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.lab.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
  void refusesAnExistingFileAndAMissingFolder() throws IOException {
    Path file = Files.writeString(folder.resolve("metrics.csv"), "old");
    assertThatThrownBy(() -> new Metrics(file)).isInstanceOf(UserError.class);
    assertThat(file).hasContent("old");
    assertThatThrownBy(() -> new Metrics(folder.resolve("no/metrics.csv")))
        .isInstanceOf(UserError.class)
        .hasMessageEndingWith("metrics.csv: no such file or directory");
  }
}
