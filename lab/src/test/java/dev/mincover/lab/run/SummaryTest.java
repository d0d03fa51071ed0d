package dev.mincover.lab.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.lab.common.UserError;
import dev.mincover.lab.optimizer.OptimizerSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class SummaryTest {
  private static final OptimizerSettings OPTIMIZER =
      new OptimizerSettings(
          "sm3",
          new OptimizerSettings.Rate(0.1, "constant", 0.05, 2, 0.1, List.of("wte.weight=0.5")),
          new OptimizerSettings.Rule("sm3-ii", List.of("slices"), 0.9, "average", "int8", 1.0, 0.0),
          new OptimizerSettings.Decay(0.01, List.of("*.bias")),
          new OptimizerSettings.Gradients(1.0, null, false, "refuse"),
          new OptimizerSettings.Weights("nearest", "none"));

  @TempDir Path folder;

  @Test
  void writesJson() {
    Path file = folder.resolve("summary.json");
    summary(Math.log(2) * 1.5).write(file);
    assertThat(file)
        .hasContent(
            """
            {
              "finished" : true,
              "steps" : 100,
              "skippedSteps" : 1,
              "tokens" : 204800,
              "seconds" : 12.8,
              "tokensPerSecond" : 16000.0,
              "optimizerSeconds" : 0.25,
              "parameters" : 842000,
              "optimizerStateBytes" : 25000,
              "adamStateBytes" : 6736000,
              "peakMemoryBytes" : 512000000,
              "validationLoss" : 1.0397207708399179,
              "validationBits" : 1.5,
              "baselineBits" : 3.25,
              "scores" : [ ],
              "optimizer" : {
                "name" : "sm3",
                "learningRate" : 0.1,
                "schedule" : "constant",
                "warmup" : 0.05,
                "warmupPower" : 2.0,
                "cooldown" : 0.1,
                "rateMultipliers" : [ "wte.weight=0.5" ],
                "algorithm" : "sm3-ii",
                "cover" : [ "slices" ],
                "momentum" : 0.9,
                "momentumKind" : "average",
                "momentumFormat" : "int8",
                "beta2" : 1.0,
                "epsilon" : 0.0,
                "weightDecay" : 0.01,
                "noDecay" : [ "*.bias" ],
                "clipNorm" : 1.0,
                "clipValue" : null,
                "maximise" : false,
                "guard" : "refuse",
                "rounding" : "nearest",
                "average" : "none"
              },
              "task" : "lm",
              "seed" : 7,
              "threads" : 2,
              "model" : {
                "layers" : 4,
                "width" : 128,
                "heads" : 4,
                "context" : 128,
                "tied" : true,
                "weights" : "float32"
              },
              "batch" : 16,
              "corpus" : "Java \\"sources\\"",
              "mincoverVersion" : "0.1.0",
              "javaVersion" : "25.0.3",
              "processor" : "Some(R) CPU",
              "cpuSwitches" : {
                "ATEN_CPU_CAPABILITY" : "avx2",
                "OPENBLAS_CORETYPE" : "HASWELL"
              }
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
      assertThat(summary.quality().validationLoss()).isNull();
      assertThat(summary.quality().validationBits()).isNull();
      summary.write(file);
      assertThat(file).content().contains("\"validationLoss\" : null");
      assertThat(Summary.read(file)).isEqualTo(summary);
    }
  }

  @Test
  void derivesRates() {
    assertThat(summary(Math.log(2)).quality().validationBits()).isEqualTo(1, within(1e-15));
    assertThat(summary(1.0).course().tokensPerSecond()).isEqualTo(16_000, within(1e-9));
  }

  /** Runs of before there was {@code --portable} can still be reported and inspected. */
  @Test
  void readsFilesOfOlderVersions() throws IOException {
    Path file = folder.resolve("summary.json");
    summary(1.25).write(file);
    ObjectNode json = (ObjectNode) JsonMapper.shared().readTree(Files.readString(file));
    json.remove(List.of("processor", "cpuSwitches", "task", "scores", "validationBits"));
    json.set("bigramBitsPerByte", json.remove("baselineBits"));
    Files.writeString(file, json.toString());
    Summary old = Summary.read(file);
    assertThat(old.platform()).isEqualTo(new Summary.Platform("0.1.0", "25.0.3", null, null));
    assertThat(old.course()).isEqualTo(summary(1.25).course());
    assertThat(old.quality()).isEqualTo(summary(1.25).quality());
    assertThat(old.setup().kind()).isEqualTo(TaskKind.LM);
  }

  @Test
  void everyOtherFieldIsNeeded() throws IOException {
    Path file = folder.resolve("summary.json");
    summary(1.25).write(file);
    ObjectNode whole = (ObjectNode) JsonMapper.shared().readTree(Files.readString(file));
    List<String> derived = List.of("tokensPerSecond", "validationBits");
    List<String> added = List.of("processor", "cpuSwitches", "task", "scores");
    for (String name : List.copyOf(whole.propertyNames())) {
      Files.writeString(file, whole.deepCopy().without(name).toString());
      if (derived.contains(name) || added.contains(name)) {
        assertThat(Summary.read(file).course()).isEqualTo(summary(1.25).course());
      } else {
        assertThatThrownBy(() -> Summary.read(file)).as(name).hasMessageContaining(name);
      }
    }
    for (String name : List.copyOf(whole.get("optimizer").propertyNames())) {
      ObjectNode less = whole.deepCopy();
      ((ObjectNode) less.get("optimizer")).remove(name);
      Files.writeString(file, less.toString());
      assertThatThrownBy(() -> Summary.read(file)).as(name).hasMessageContaining(name);
    }
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
        new Summary.Course(true, 100, 1, 204_800, 12.8, 0.25),
        new Summary.Memory(842_000, 25_000, 6_736_000, 512_000_000L),
        new Summary.Quality(validationLoss, 3.25, List.of()),
        OPTIMIZER,
        new Summary.Setup(
            "lm", 7, 2, new Summary.Model(4, 128, 4, 128, true, "float32"), 16, "Java \"sources\""),
        new Summary.Platform(
            "0.1.0",
            "25.0.3",
            "Some(R) CPU",
            new TreeMap<>(Map.of("OPENBLAS_CORETYPE", "HASWELL", "ATEN_CPU_CAPABILITY", "avx2"))));
  }
}
