package dev.mincover.lab.command;

import static dev.mincover.lab.command.Result.mincover;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.lab.bench.Contestant;
import dev.mincover.lab.bench.Workload;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class BenchCommandTest {

  @TempDir private Path folder;

  private static Result bench(String... arguments) {
    return mincover("bench", List.of(arguments));
  }

  @Test
  void stepsOnADevice() throws Exception {
    Path file = folder.resolve("device.json");
    Result result =
        bench(
            "--device=opencl",
            "--shapes=33x17,40",
            "--optimizers=sm3*,adam",
            "--seconds=1",
            "--json=" + file);
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out())
        .containsPattern("OpenCL: .*, [0-9]{4}-[0-9]{2}-[0-9]{2}\n")
        .containsPattern("33x17: 561 weights\n")
        .containsPattern("(?m)^copy +[0-9.]+ +[0-9.]+ +100% +0.000$")
        .containsPattern("(?m)^sm3-momentum-bf16 +[0-9.]+ +[0-9.]+ +[0-9]+% +[0-9.]+$")
        .doesNotContain("adagrad");
    JsonNode rows = JsonMapper.shared().readTree(Files.readString(file));
    assertThat(rows.size()).isEqualTo(2 * 7);
    for (JsonNode row : rows) {
      assertThat(row.get("medianMillis").doubleValue()).isPositive();
      assertThat(row.get("device").stringValue()).startsWith("OpenCL: ");
    }
  }

  @Test
  void whatDoesNotGoWithADeviceIsRefused() {
    assertThat(bench("--device=tpu").err()).contains("'tpu' is none of cuda and opencl");
    assertThat(bench("--device=opencl", "--threads=2").err())
        .contains("--threads is for the processor; leave it out with --device");
    assertThat(bench("--device=opencl", "--optimizers=torch-adam").err())
        .contains("no optimizer is called 'torch-adam'; there are copy, sgd-pass, sm3,");
    assertThat(bench("--device=opencl", "--model=gpt2-xl").code()).isEqualTo(2);
  }

  @Test
  void tablesTellOfEveryOptimizerAndTheFileToo() throws Exception {
    Path file = folder.resolve("bench.json");
    Result result =
        bench(
            "--shapes=33x17,40",
            "--optimizers=sm3,torch-fused-adagrad",
            "--threads=1",
            "--seconds=1",
            "--json=" + file);
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out())
        .containsPattern("JDK [0-9.+A-Za-z-]+, [0-9]{4}-[0-9]{2}-[0-9]{2}\n")
        .containsPattern("33x17: 561 weights, 1 thread, medians of [0-9,]+ rounds")
        .containsPattern("40: 40 weights, 1 thread")
        .containsPattern("(?m)^sgd-pass +[0-9.]+ +[0-9.]+ +[0-9.]+ +1.00 +0.000$")
        .containsPattern("(?m)^torch-fused-adagrad +[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9.]+ +4.007$");
    assertThat(result.out().lines()).allMatch(line -> line.length() <= 90);
    assertThat(result.err()).contains("1/2  33x17, 1 thread", "2/2  40, 1 thread");
    JsonNode rows = JsonMapper.shared().readTree(Files.readString(file));
    assertThat(rows.isArray()).isTrue();
    assertThat(rows.size()).isEqualTo(6);
    for (JsonNode row : rows) {
      assertThat(row.propertyNames())
          .containsExactly(
              "shape",
              "threads",
              "optimizer",
              "medianMillis",
              "gigabytesPerSecond",
              "ratioToSgdPass",
              "stateBytesPerWeight");
      double bytes =
          row.get("gigabytesPerSecond").doubleValue() * row.get("medianMillis").doubleValue();
      int size = row.get("shape").stringValue().equals("40") ? 40 : 561;
      int minimum = row.get("optimizer").stringValue().equals("torch-fused-adagrad") ? 20 : 12;
      assertThat(bytes * 1e6 / size).isCloseTo(minimum, within(1e-9));
    }
    assertThat(rows.get(0).get("optimizer").stringValue()).isEqualTo("sgd-pass");
    assertThat(rows.get(0).get("ratioToSgdPass").doubleValue()).isEqualTo(1);
    assertThat(rows.get(1).get("shape").stringValue()).isEqualTo("33x17");
    assertThat(rows.get(1).get("threads").intValue()).isEqualTo(1);
  }

  @Test
  void standardOutputIsTheArrayAlone() {
    Result result =
        bench("--shapes=7x5", "--optimizers=sm3-bf16", "--threads=1", "--seconds=1", "--json=-");
    assertThat(result.code()).as(result.err()).isZero();
    JsonNode rows = JsonMapper.shared().readTree(result.out());
    assertThat(rows.size()).isEqualTo(2);
    assertThat(rows.get(1).get("optimizer").stringValue()).isEqualTo("sm3-bf16");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--shapes=4096y4096       | --shapes: '4096y4096' is no shape; give dimensions such as",
        "--shapes=                | --shapes: '' is no shape",
        "--shapes=1000000x1000000 | --shapes: 1000000x1000000 takes",
        "--optimizers=lion        | --optimizers: no optimizer is called 'lion'; there are sgd-pass",
        "--threads=0              | --threads is 0; it must be at least 1",
        "--threads=x              | Invalid value for option '--threads'",
        "--seconds=0              | --seconds is 0.0; it must be at least 1 and at most 86400",
        "--seconds=NaN            | --seconds is NaN; it must be at least 1",
        "--json=no/such/file.json | is not a writable directory; choose another",
        "--json=.                 | --json: . is a directory; name a file in it",
      })
  void whatIsWrongIsSaidBeforeAnythingRuns(String argument, String message) {
    Result result = bench(argument);
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.out()).isEmpty();
    assertThat(result.err().lines()).hasSize(1);
    assertThat(result.err()).startsWith("mincover: ").contains(message);
  }

  @Test
  void theHelpNamesEveryOptimizerAndShape() {
    String help = bench("--help").out().replaceAll("\\s+", " ");
    Contestant.ALL.forEach(contestant -> assertThat(help).contains(contestant.name()));
    Workload.BY_DEFAULT.forEach(shape -> assertThat(help).contains(shape));
  }
}
