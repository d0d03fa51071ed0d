package dev.mincover.lab.command;

import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.option.FreeText;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.translation.Translations;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code mincover translate}: translates with a trained model. */
@Command(
    name = "translate",
    description =
        "Translates a text with the model of a run of 'mincover train --task translation'.",
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    sortOptions = false,
    footer = {"", "Example: mincover translate runs/french --text \"Cannot open the file\""})
public final class TranslateCommand implements Callable<Integer> {

  private static final int MOST_BEAMS = 64;

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "RUN", description = "Run directory that 'mincover train' has made.")
  private Path run;

  @Option(
      names = "--text",
      paramLabel = "TEXT",
      required = true,
      preprocessor = FreeText.class,
      description =
          "What to translate: a sentence, of at most as many bytes as the model's context.")
  private String text = "";

  @Option(
      names = "--beam",
      paramLabel = "N",
      description = "Beginnings that the search keeps; 1 always takes the likeliest byte.")
  private int beam = 4;

  /** Writes to standard output, and nothing but the translation. */
  @Override
  public Integer call() {
    OptionChecks.requireCount("--beam", beam, MOST_BEAMS);
    List<String> translations =
        Translations.of(RunDirectory.open(run).model(), beam, List.of(text));
    PrintWriter out = spec.commandLine().getOut();
    translations.forEach(out::println);
    out.flush();
    return 0;
  }
}
