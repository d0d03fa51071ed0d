package dev.mincover.lab.command;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.common.Printable;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.libtorch.Libtorch;
import dev.mincover.lab.model.Gpt;
import dev.mincover.lab.model.ModelFile;
import dev.mincover.lab.model.TextGenerator;
import dev.mincover.lab.option.FreeText;
import dev.mincover.lab.run.RunDirectory;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code mincover generate}: writes text with a trained model. */
@Command(
    name = "generate",
    description =
        "Writes text with the model of a training run: the prompt, and on from there; without one,"
            + " from where a line starts.",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    sortOptions = false,
    footer = {"", "Example: mincover generate runs/notes --prompt \"public static \" --length 200"})
public final class GenerateCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "RUN", description = "Run directory that 'mincover train' has made.")
  private Path run;

  @Option(
      names = "--prompt",
      paramLabel = "TEXT",
      preprocessor = FreeText.class,
      description = "What the text starts with; taken as it is.")
  private String prompt = "";

  @Option(names = "--length", paramLabel = "N", description = "Bytes to write after the prompt.")
  private int length = 400;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "1 samples what the model learned, less is safer, 0 takes the likeliest byte.")
  private double temperature = TextGenerator.TEMPERATURE;

  @Option(names = "--seed", paramLabel = "S", description = "Equal seeds write equal text.")
  private long seed = 1;

  /** Writes to standard output, and nothing but the text. */
  @Override
  public Integer call() {
    if (length < 0 || length > 1 << 30) {
      throw new UserError(
          "--length is %d; it must be at least 0 and at most %d".formatted(length, 1 << 30));
    }
    OptionChecks.requireNotNegative(
        "--temperature", temperature, String.valueOf(TextGenerator.TEMPERATURE));
    Libtorch.useOneThreadAnOperation();
    PrintWriter out = spec.commandLine().getOut();
    Path file = RunDirectory.open(run).model();
    byte[] shown = prompt.getBytes(UTF_8);
    try (Gpt model = ModelFile.load(file)) {
      byte[] start = shown.length == 0 ? ModelFile.start(file) : shown;
      byte[] text = new TextGenerator(model, temperature, seed).generate(start, length);
      byte[] whole = Arrays.copyOf(shown, shown.length + text.length);
      System.arraycopy(text, 0, whole, shown.length, text.length);
      out.println(Printable.text(whole));
      out.flush();
      return 0;
    }
  }
}
