package dev.mincover.lab.command;

import static dev.mincover.lab.command.Result.mincover;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.checkpoint.StoredType;
import dev.mincover.lab.catalogue.Catalogue;
import dev.mincover.lab.common.TensorFile;
import dev.mincover.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class MemoryCommandTest {

  @TempDir private Path folder;

  private static Result memory(String... arguments) {
    return mincover("memory", List.of(arguments));
  }

  private static JsonNode json(String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add("--json=-");
    Result result = memory(all.toArray(String[]::new));
    assertThat(result.code()).as(result.err()).isZero();
    return JsonMapper.shared().readTree(result.out());
  }

  private static JsonNode row(JsonNode estimate, String optimizer) {
    for (JsonNode row : estimate.get("optimizers")) {
      if (row.get("optimizer").stringValue().equals(optimizer)) {
        return row;
      }
    }
    throw new AssertionError("no row of " + optimizer);
  }

  @Test
  void tellsOfEveryOptimizer() {
    Result result = memory("gpt2-xl");
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out())
        .contains("gpt2-xl: 48 layers, width 1600", "1,557,611,200 in 580 tensors, 6.2 GB in")
        .containsPattern("(?m)^SM3  +[0-9.]+ MB +0.0059 +0.0733 % +12.5 GB$")
        .containsPattern("(?m)^SM3, int8 momentum +1.7 GB +1.07 +13.4 % +14.1 GB$")
        .containsPattern("(?m)^SM3, bfloat16 momentum +3.1 GB")
        .containsPattern("(?m)^SM3, float32 momentum +6.2 GB")
        .containsPattern("(?m)^Adafactor  +[0-9.]+ MB")
        .containsPattern("(?m)^AdaGrad +6.2 GB +4.00 +50.0 %")
        .containsPattern("(?m)^Adam +12.5 GB +8.00 +100 % +24.9 GB$")
        .containsPattern("(?m)^SGD  +0 B +0 +0 % +12.5 GB$")
        .contains("arXiv:2205.05198", "48 layers of tokens x (66 width + 9 heads x tokens)")
        .contains("with 25 heads of attention")
        .doesNotContain("would fit", "batch");
  }

  @Test
  void aBudgetTellsWhatFits() {
    Result result = memory("gpt2-large", "--budget", "8GiB", "--weights", "bf16");
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out())
        .contains("of the budget of 8GiB (8.6 GB), for activations")
        .containsPattern("(?m)^SM3  .* 5.5 GB +- +2.14 G$")
        .containsPattern("(?m)^Adam .* 698.4 MB over +- +716 M$");
    assertThat(memory("gpt2", "--budget=80GB").out()).contains("of the budget of 80GB, for");
  }

  static List<String> names() {
    return Catalogue.names();
  }

  @ParameterizedTest
  @MethodSource("names")
  void linesFitATerminal(String model) {
    for (String budget : List.of("100MiB", "24GiB", "1.5TB")) {
      Result result = memory(model, "--budget", budget);
      assertThat(result.code()).as(result.err()).isZero();
      assertThat(result.out().lines()).allMatch(line -> line.length() <= 100);
      // Columns are told apart by two spaces where they are not by a unit.
      assertThat(result.out()).doesNotContainPattern("[a-zA-Z%][0-9]+[.][0-9]");
    }
  }

  @Test
  void jsonHasTheFiguresUnrounded() throws Exception {
    Path file = folder.resolve("memory.json");
    Result result = memory("bert-large", "--context=128", "--budget=16GiB", "--json=" + file);
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out()).contains("bert-large");
    JsonNode estimate = JsonMapper.shared().readTree(Files.readString(file));
    assertThat(estimate.propertyNames())
        .containsExactly(
            "model",
            "weights",
            "tensors",
            "leftOut",
            "type",
            "weightBytes",
            "gradientBytes",
            "context",
            "activationBytes",
            "budgetBytes",
            "optimizers");
    assertThat(estimate.get("weights").longValue()).isEqualTo(335_141_888);
    assertThat(estimate.get("budgetBytes").longValue()).isEqualTo(16L << 30);
    assertThat(estimate.get("context").intValue()).isEqualTo(128);
    JsonNode adam = row(estimate, "adam");
    assertThat(adam.propertyNames())
        .containsExactly(
            "optimizer",
            "stateBytes",
            "stateBytesPerWeight",
            "shareOfAdam",
            "totalBytes",
            "budgetLeftBytes",
            "largestBatch",
            "weightsInBudget");
    assertThat(adam.get("totalBytes").longValue()).isEqualTo(16 * 335_141_888L);
    assertThat(adam.get("weightsInBudget").longValue()).isEqualTo(1L << 30);
    JsonNode standard = json("bert-large", "--context=128", "--budget=16GiB");
    assertThat(standard).isEqualTo(estimate);
  }

  @Test
  void shapesAreCountedOneByOne() {
    JsonNode estimate = json("--shapes=64x32,64x32,100", "--weights=bfloat16");
    assertThat(estimate.get("model").stringValue()).isEqualTo("64x32, 64x32, 100");
    assertThat(estimate.get("weights").longValue()).isEqualTo(2 * 64 * 32 + 100);
    assertThat(estimate.get("weightBytes").longValue()).isEqualTo(2 * (2 * 64 * 32 + 100));
    assertThat(estimate.get("activationBytes").isNull()).isTrue();
    assertThat(row(estimate, "sm3").get("stateBytes").longValue())
        .isEqualTo(4 * (2 * (64 + 32) + 100));
    assertThat(row(estimate, "sm3").get("shareOfAdam").doubleValue())
        .isCloseTo((2 * 96 + 100) / (2.0 * (2 * 2048 + 100)), within(1e-12));
  }

  @Test
  void aFileIsReadForItsShapes() {
    Path file = folder.resolve("model.safetensors");
    MemorySegment weights = MemorySegment.ofArray(new float[6 * 5]);
    MemorySegment ids = MemorySegment.ofArray(new long[7]);
    TensorFile.write(
        file,
        List.of(
            NamedTensor.of("w", Shape.of(6, 5), weights),
            new NamedTensor("position_ids", StoredType.I64, Shape.of(7), ids)),
        Map.of());
    Result result = memory(file.toString());
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out())
        .contains("model.safetensors: F32 in the file", "30 in 1 tensor, 120 B in float32")
        .contains("left out     1 tensor not of floating point, 7 values: position_ids")
        .containsPattern("(?m)^SM3  +44 B +1.47 +18.3 % +284 B$");
    JsonNode estimate = json(folder.toString());
    assertThat(estimate.get("leftOut").get(0).stringValue()).isEqualTo("position_ids");
  }

  /** A real run and its checkpoint, under an optimizer of ours and one of libtorch's. */
  @ParameterizedTest
  @ValueSource(strings = {"sm3", "torch-fused-adam"})
  void aCheckpointCountsAsItsModel(String optimizer) throws IOException {
    Path text = Files.writeString(folder.resolve("text"), "All work and no play. ".repeat(400));
    Path run = folder.resolve("run");
    Result trained =
        mincover(
            ("train --layers 1 --width 16 --heads 2 --context 16 --batch 4 --steps 2 --sample 0"
                    + " --no-report --statistics all --checkpoint-every 2 --optimizer %s"
                    + " --corpus %s --out %s")
                .formatted(optimizer, text, run)
                .split(" "));
    assertThat(trained.code()).as(trained.err()).isZero();
    Path checkpoint = run.resolve("checkpoints/step-000000002.safetensors");
    JsonNode ofModel = json(run.toString());
    JsonNode ofCheckpoint = json(checkpoint.toString());
    assertThat(ofCheckpoint.get("weights")).isEqualTo(ofModel.get("weights"));
    assertThat(ofCheckpoint.get("tensors")).isEqualTo(ofModel.get("tensors"));
    assertThat(ofModel.get("leftOut")).isEmpty();
    assertThat(memory(checkpoint.toString()).out())
        .containsPattern("left out +[0-9]+ tensors of the optimizer's state")
        .containsPattern("left out +[0-9]+ tensors of gradient statistics");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "gpt5                     | no model is called 'gpt5'; there are gpt2, gpt2-medium,",
        "gpt5                     | transformer-big; or name a .safetensors file",
        "gpt2 --shapes=3          | both MODEL 'gpt2' and --shapes are given; leave one of them out",
        "                         | name a model or a .safetensors file, or give --shapes such as",
        "--shapes=4x              | --shapes: '4x' is no shape; give dimensions such as",
        "--shapes=9000000000000x9000000 | --shapes: shape [9000000000000, 9000000] holds more",
        "--shapes=90000000x900000000 | --shapes: 90000000x900000000 has 8.1e+16 weights; give at",
        "none.safetensors         | cannot read none.safetensors: no such file or directory",
        "no/model                 | cannot read no/model: no such file or directory",
        "gpt2 --budget=24G        | --budget is '24G'; it must be an amount of bytes such as 24GiB",
        "gpt2 --budget=0          | --budget is '0'; it must be an amount of bytes",
        "gpt2 --budget=-1GB       | --budget is '-1GB'; it must be an amount of bytes",
        "gpt2 --weights=int8      | --weights is 'int8'; it must be float32, bfloat16 or float16",
        "gpt2 --context=0         | --context is 0; gpt2 takes at least 1 and at most 1024 tokens",
        "bert-base --context=513  | --context is 513; bert-base takes at least 1 and at most 512",
        "--shapes=3 --context=5   | --context is for a known model; choose gpt2, gpt2-medium,",
        "gpt2 --json=no/such/file | is not a writable directory; choose another",
        "gpt2 bert-base           | Unmatched argument at index 2: 'bert-base'"
      })
  void badInputGetsOneLine(String arguments, String message) {
    Result result = arguments == null ? memory() : memory(arguments.split(" "));
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.out()).isEmpty();
    assertThat(result.err().lines()).hasSize(1);
    assertThat(result.err()).startsWith("mincover: ").contains(message);
  }

  @Test
  void theHelpNamesEveryModel() {
    String help = memory("--help").out();
    Catalogue.names().forEach(name -> assertThat(help).contains(name));
    assertThat(help).contains("--budget", "mincover memory gpt2-xl --budget 24GiB");
  }
}
