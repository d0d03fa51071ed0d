package dev.mincover.lab.option;

import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.data.Corpus;
import dev.mincover.lab.libtorch.CpuSwitches;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * The options of text, batch, threads and processor that {@code train} and {@code compare} share.
 */
@HelpSection("Text and run")
public final class TextOptions {

  @Option(
      names = "--corpus",
      arity = "1..*",
      paramLabel = "FILE-OR-DIR",
      description =
          "Trains on these files, or on all text files in these directories. About 5 %% of the text"
              + " is held out for validation. Default: Java sources of guava, commons-lang3,"
              + " spring-core, jackson-databind and lucene-core, validated on commons-math3.")
  private @Nullable List<Path> corpus;

  @Option(names = "--batch", paramLabel = "N", description = "Windows of text per step.")
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

  /**
   * Returns these options after checking that the numbers are in range.
   *
   * @throws UserError if one is out of range
   */
  public TextOptions checked() {
    OptionChecks.requireCount("--batch", batch, 1 << 14);
    OptionChecks.requireCount("--threads", threads(), 1 << 10);
    return this;
  }

  /**
   * Makes libtorch compute with portable instructions, if that option is given. Must be called
   * before libtorch is loaded.
   *
   * @throws UserError if this platform cannot run them
   */
  public void chooseCode() {
    chooseCode(portable);
  }

  /** The same for a run that goes on. */
  public static void chooseCode(boolean portable) {
    if (portable) {
      CpuSwitches.usePortable();
    }
  }

  /** Whether libtorch computes with portable instructions. */
  public boolean isPortable() {
    return portable;
  }

  public int threads() {
    return threads == null ? Math.min(Runtime.getRuntime().availableProcessors(), batch) : threads;
  }

  /** Reads the text. */
  public Corpus corpus() {
    return corpus(corpus);
  }

  /** Reads the text at these paths; the default corpus if they are null. */
  public static Corpus corpus(@Nullable List<Path> paths) {
    return paths == null ? Corpus.javaSources(defaultCorpus()) : Corpus.files(paths);
  }

  /** Returns the paths of the text as they are from any directory; null for the default corpus. */
  public @Nullable List<String> absolutePaths() {
    return corpus == null
        ? null
        : corpus.stream().map(path -> path.toAbsolutePath().normalize().toString()).toList();
  }

  private static Path defaultCorpus() {
    String home = System.getProperty("mincover.home");
    if (home == null) {
      throw new UserError("no default corpus without the launcher; name text with --corpus");
    }
    return Path.of(home, "corpus");
  }
}
