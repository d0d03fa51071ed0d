package dev.mincover.lab.option;

import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.data.Corpus;
import dev.mincover.lab.libtorch.CpuSwitches;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of what is read, how much of it at a time, and by how many threads. */
@HelpSection("Text and run")
public final class TextOptions {

  @Option(
      names = "--corpus",
      arity = "1..*",
      paramLabel = "FILE-OR-DIR",
      description =
          "Train on these files, or on all text files in these directories; about 5 %% is held out"
              + " for validation. Default: Java sources of guava, commons-lang3, spring-core,"
              + " jackson-databind and lucene-core, validated on commons-math3.")
  private @Nullable List<Path> corpus;

  @Option(names = "--batch", paramLabel = "N", description = "Windows of text in a step.")
  public int batch = 8;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description =
          "Threads that share a batch and the optimizer's steps. Equal seeds and threads give equal"
              + " losses on processors of the same kind. Default: the number of processors, at most"
              + " --batch.")
  private @Nullable Integer threads;

  @Option(
      names = "--portable",
      description =
          "Computes with instructions that every x86-64 processor with AVX2 has. Equal seeds and"
              + " threads then give equal losses on all of these.")
  private boolean portable;

  /** These options, once their numbers are known to be in range. */
  public TextOptions checked() {
    OptionChecks.requireCount("--batch", batch, 1 << 14);
    OptionChecks.requireCount("--threads", threads(), 1 << 10);
    return this;
  }

  /**
   * Chooses libtorch's code for the processor, if it is not to do that itself. To be called before
   * libtorch is loaded.
   *
   * @throws UserError if this platform cannot follow the choice
   */
  public void chooseCode() {
    if (portable) {
      CpuSwitches.usePortable();
    }
  }

  public int threads() {
    return threads == null ? Math.min(Runtime.getRuntime().availableProcessors(), batch) : threads;
  }

  /** Reads the text. */
  public Corpus corpus() {
    return corpus == null ? Corpus.javaSources(defaultCorpus()) : Corpus.files(corpus);
  }

  /** What chooses the same on a command line. */
  public List<String> arguments() {
    List<String> arguments = new ArrayList<>(List.of("--batch", "" + batch));
    arguments.addAll(List.of("--threads", "" + threads()));
    if (portable) {
      arguments.add("--portable");
    }
    if (corpus != null) {
      arguments.add("--corpus");
      corpus.forEach(path -> arguments.add(path.toString()));
    }
    return arguments;
  }

  private static Path defaultCorpus() {
    String home = System.getProperty("mincover.home");
    if (home == null) {
      throw new UserError("no default corpus without the launcher; name text with --corpus");
    }
    return Path.of(home, "corpus");
  }
}
