package dev.mincover.lab.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.lab.catalogue.GptSize;
import dev.mincover.lab.common.UserError;
import dev.mincover.tensor.DataType;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelBenchTest {

  /** Of 2,192 weights. */
  private static final GptSize TINY = new GptSize("tiny", 2, 8, 2, 50, 4);

  private static final long WEIGHTS = TINY.weightCount();

  @TempDir private Path folder;
  private final StringWriter out = new StringWriter();

  private ModelBench bench(DataType type, long physical, long available) {
    return new ModelBench(TINY, type, 3, 2, 0, new ModelReport.Memory(physical, available));
  }

  @Test
  void tellsWhatAModelInMemoryTook() {
    bench(DataType.FLOAT32, 1L << 40, 1L << 39).inMemory(new PrintWriter(out));
    assertThat(out.toString())
        .contains("model        tiny: 2 layers, width 8", "2,192 weights in 28 tensors")
        .contains("memory       8.8 kB of weights and as much of gradients in float32")
        .contains("steps        3 of each in turn, 2 threads")
        .containsPattern("sgd-pass     .* ns a weight, .*, 1.00 x sgd-pass")
        .containsPattern("sm3          .* x sgd-pass")
        .containsPattern("sm3-guarded  .* x sgd-pass")
        .contains(
            "Adam         would need 35.1 kB in all, 17.5 kB of it state at 8 bytes a weight");
  }

  @Test
  void sixteenBitsAreComparedAmongThemselves() {
    bench(DataType.BFLOAT16, 1L << 40, 1L << 39).inMemory(new PrintWriter(out));
    assertThat(out.toString())
        .contains("of 6 bytes a weight")
        .containsPattern("sm3          .*1.00 x sm3")
        .containsPattern("sm3-guarded  .* x sm3")
        .doesNotContain("sgd-pass");
  }

  @Test
  void tellsWhatAModelInFilesTookAndLeavesNone() {
    bench(DataType.BFLOAT16, 1L << 40, 1L << 39).mapped(folder, 1L << 40, new PrintWriter(out));
    assertThat(out.toString())
        .contains("8.8 kB to " + folder, "step 1 ", "step 3 ", "6 bytes a weight");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void tellsWhetherAdamWouldFit() {
    long adam = 16 * WEIGHTS;
    bench(DataType.FLOAT32, 2 * adam, adam).inMemory(new PrintWriter(out));
    assertThat(adam()).endsWith("; this machine had 35.1 kB of its 70.1 kB available: it fits");
    bench(DataType.FLOAT32, 2 * adam, adam - 1).inMemory(new PrintWriter(out));
    assertThat(adam()).endsWith("had 35.1 kB of its 70.1 kB available: it does not fit");
    bench(DataType.BFLOAT16, adam, 12 * WEIGHTS).inMemory(new PrintWriter(out));
    assertThat(adam()).contains("would need 26.3 kB in all").endsWith(": it fits");
  }

  private String adam() {
    List<String> lines = out.toString().lines().toList();
    return lines.getLast();
  }

  @Test
  void refusesWhatDoesNotFit() {
    assertThatThrownBy(
            () -> bench(DataType.FLOAT32, 1 << 30, 8 * WEIGHTS - 1).inMemory(new PrintWriter(out)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("tiny takes 17.5 kB for weights and gradients in float32")
        .hasMessageContaining("a smaller one, --weights bf16 or files with --mapped DIR");
    assertThatThrownBy(
            () -> bench(DataType.FLOAT32, 1 << 30, 4 * WEIGHTS - 1).inMemory(new PrintWriter(out)))
        .hasMessageContaining("choose a smaller one or files with --mapped DIR");
    assertThatThrownBy(() -> bench(DataType.BFLOAT16, 1 << 30, 1).inMemory(new PrintWriter(out)))
        .hasMessageContaining("1 B of memory are available; choose a smaller one or files");
    assertThatThrownBy(() ->
            bench(DataType.BFLOAT16, 1 << 30, 1)
                .mapped(folder, 4 * WEIGHTS - 1, new PrintWriter(out)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("files of 8.8 kB in bfloat16, but --mapped " + folder);
    assertThat(out.toString()).isEmpty();
    assertThat(folder).isEmptyDirectory();
  }
}
