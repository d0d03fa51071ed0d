package dev.mincover.lab.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.lab.Mincover;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** {@code mincover bench --model}, as far as it goes without a model of that size. */
class BenchModelTest {

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int bench(String arguments) {
    CommandLine commandLine = Mincover.commandLine();
    commandLine.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    return commandLine.execute(("bench " + arguments).split(" "));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--model gpt5                       | --model is 'gpt5'; known are gpt2, gpt2-medium,",
        "--model gpt2 --weights int8        | --weights is 'int8'; it must be float32, bfloat16",
        "--model gpt2 --steps 0             | --steps is 0",
        "--model gpt2 --threads 0           | --threads is 0",
        "--model gpt2 --threads 1,2         | --threads names 2 numbers; give one with --model",
        "--model gpt2 --shapes 8x8          | --shapes is for the table; leave it out with",
        "--model gpt2 --json -              | --json is for the table; leave it out with --model",
        "--mapped folder                    | --mapped is for --model; name a model, or leave",
        "--weights bf16                     | --weights is for --model",
        "--steps 3                          | --steps is for --model"
      })
  void badInputGetsOneLine(String arguments, String says) {
    assertThat(bench(arguments)).isEqualTo(2);
    assertThat(err.toString().strip()).startsWith("mincover: ").contains(says).doesNotContain("\n");
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void filesNeedADirectory(@TempDir Path folder) {
    assertThat(bench("--model gpt2 --mapped " + folder.resolve("none"))).isEqualTo(2);
    assertThat(err.toString()).contains("none is not a writable directory; make it, or name");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void helpTellsTheModels() {
    assertThat(bench("--help")).isZero();
    assertThat(out.toString())
        .containsSubsequence(
            "--json", "A whole model:", "--model", "gpt2-xl", "--mapped", "Exampl");
  }
}
