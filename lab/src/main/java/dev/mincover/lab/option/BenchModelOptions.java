package dev.mincover.lab.option;

import dev.mincover.lab.bench.MappedModel;
import dev.mincover.lab.bench.ModelBench;
import dev.mincover.lab.bench.ModelReport;
import dev.mincover.lab.catalogue.GptSize;
import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.common.UserError;
import dev.mincover.tensor.DataType;
import java.io.PrintWriter;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of {@code mincover bench --model}: SM3 steps all weights of one model. */
@HelpSection("A whole model")
public final class BenchModelOptions {

  private static final double WARM_UP_SECONDS = 5;

  @Option(
      names = "--model",
      paramLabel = "NAME",
      description =
          "Steps every weight of this model with SM3 without momentum, instead of the tensors of the"
              + " table: gpt2, gpt2-medium, gpt2-large, gpt2-xl (1.6 G weights) or 10b (10.3 G).")
  private @Nullable String model;

  @Option(
      names = "--mapped",
      paramLabel = "DIR",
      description =
          "Keeps weights and gradients in memory-mapped files in this directory, with one layer at a"
              + " time in memory. The files are written first and removed at the end.")
  private @Nullable Path mapped;

  @Option(
      names = "--weights",
      paramLabel = "TYPE",
      description =
          "Type of weights and gradients: float32, bfloat16 or float16. Default: float32; bfloat16"
              + " with --mapped.")
  private @Nullable String weights;

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Number of steps. Default: 3; 1 with --mapped.")
  private @Nullable Integer steps;

  /** Whether a model is stepped, instead of the tensors of the table. */
  public boolean isChosen() {
    return model != null;
  }

  /**
   * Refuses the options of a model if no model is given.
   *
   * @throws UserError naming one of them
   */
  public void requireNone() {
    require("--mapped", mapped);
    require("--weights", weights);
    require("--steps", steps);
  }

  private static void require(String option, @Nullable Object value) {
    if (value != null) {
      throw new UserError("%s is for --model; name a model, or leave it out".formatted(option));
    }
  }

  /**
   * Steps the model.
   *
   * @throws UserError if an option is wrong, or there is too little memory or disk
   */
  public void run(int threads, PrintWriter out) {
    GptSize size = GptSize.named(String.valueOf(model));
    DataType type =
        weights == null
            ? mapped == null ? DataType.FLOAT32 : DataType.BFLOAT16
            : Names.parse("--weights", weights, DataType.class);
    int count = steps == null ? mapped == null ? 3 : 1 : steps;
    OptionChecks.requireCount("--steps", count, 1_000_000);
    ModelBench bench =
        new ModelBench(size, type, count, threads, WARM_UP_SECONDS, ModelReport.Memory.now());
    if (mapped == null) {
      bench.inMemory(out);
    } else {
      bench.mapped(mapped, MappedModel.room(mapped), out);
    }
  }
}
