package dev.mincover.lab.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.lab.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SummaryTest {
  @TempDir Path folder;

  @Test
  void writesJson() {
    Path file = folder.resolve("summary.json");
    summary(Math.log(2) * 1.5).write(file);
    assertThat(file)
        .hasContent(
            """
            {
              "optimizer" : "sm3",
              "finished" : true,
              "steps" : 100,
              "tokens" : 204800,
              "seconds" : 12.8,
              "tokensPerSecond" : 16000.0,
              "optimizerSeconds" : 0.25,
              "parameters" : 842000,
              "optimizerStateBytes" : 25000,
              "adamStateBytes" : 6736000,
              "validationLoss" : 1.0397207708399179,
              "validationBitsPerByte" : 1.5,
              "bigramBitsPerByte" : 3.25,
              "learningRate" : 0.1,
              "momentum" : 0.9,
              "seed" : 7,
              "threads" : 2,
              "model" : {
                "layers" : 4,
                "width" : 128,
                "heads" : 4,
                "context" : 128
              },
              "batch" : 16,
              "corpus" : "Java \\"sources\\"",
              "mincoverVersion" : "0.1.0",
              "javaVersion" : "25.0.3"
            }
            """);
    assertThat(folder).isDirectoryNotContaining(path -> !path.equals(file));
  }

  @Test
  void readsWhatItWroteAndReplacesIt() {
    Path file = folder.resolve("summary.json");
    Summary summary = summary(1.25);
    summary(null).write(file);
    summary.write(file);
    assertThat(Summary.read(file)).isEqualTo(summary);
  }

  @Test
  void aLossThatIsNotFiniteOrNotMeasuredIsNull() {
    Path file = folder.resolve("summary.json");
    for (Double loss : new @Nullable Double[] {null, Double.NaN, Double.POSITIVE_INFINITY}) {
      Summary summary = summary(loss);
      assertThat(summary.validationLoss()).isNull();
      assertThat(summary.validationBitsPerByte()).isNull();
      summary.write(file);
      assertThat(file).content().contains("\"validationLoss\" : null");
      assertThat(Summary.read(file)).isEqualTo(summary);
    }
  }

  @Test
  void derivesRates() {
    assertThat(summary(Math.log(2)).validationBitsPerByte()).isEqualTo(1, within(1e-15));
    assertThat(summary(1.0).tokensPerSecond()).isEqualTo(16_000, within(1e-9));
  }

  @Test
  void refusesWhatIsNotASummary() throws IOException {
    Path file = folder.resolve("summary.json");
    assertThatThrownBy(() -> Summary.read(file))
        .isInstanceOf(UserError.class)
        .hasMessage("cannot read %s: no such file or directory", file);
    for (String json : new String[] {"", "{", "[]", "{\"steps\":1}", "{\"steps\":\"x\"}", "null"}) {
      Files.writeString(file, json);
      assertThatThrownBy(() -> Summary.read(file))
          .as(json)
          .isInstanceOf(UserError.class)
          .hasMessageStartingWith(file + " is not the summary of a run: ");
    }
  }

  private static Summary summary(@Nullable Double validationLoss) {
    return new Summary(
        "sm3",
        true,
        100,
        204_800,
        12.8,
        0.25,
        842_000,
        25_000,
        6_736_000,
        validationLoss,
        3.25,
        0.1,
        0.9,
        7,
        2,
        new Summary.Model(4, 128, 4, 128),
        16,
        "Java \"sources\"",
        "0.1.0",
        "25.0.3");
  }
}
