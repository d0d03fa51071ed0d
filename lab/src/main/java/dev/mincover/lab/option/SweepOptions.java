package dev.mincover.lab.option;

import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.common.UserError;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of the search for learning rates that comes before a comparison. */
@HelpSection("Search for learning rates")
public final class SweepOptions {

  private static final int RATES = 7;
  private static final List<Double> WARMUPS = List.of(0.05, 0.2, 0.4);
  private static final int SEEDS = 2;

  @Option(
      names = "--sweep",
      description =
          "Searches for the best learning rate and warm-up of each optimizer before the trainings."
              + " Rates a factor of 2 apart around the default are combined with each of"
              + " --sweep-warmups. All combinations are trained for few steps, the better half for"
              + " twice as many, and so on, up to --steps or for 60 %% of --budget. All optimizers"
              + " get equally many steps. The winners are then trained.")
  private boolean sweep;

  @Option(
      names = "--sweep-only",
      description = "Searches for learning rates and warm-ups, and trains nothing else.")
  private boolean only;

  @Option(
      names = "--sweep-rates",
      paramLabel = "N",
      description = "Number of learning rates to try with each optimizer. Default: 7")
  private @Nullable Integer rates;

  @Option(
      names = "--sweep-warmups",
      split = ",",
      paramLabel = "SHARE",
      description =
          "Warm-ups to try with each learning rate, separated by commas, each a share of the steps."
              + " Default: 0.05,0.2,0.4")
  private @Nullable List<Double> warmups;

  @Option(
      names = "--sweep-seeds",
      paramLabel = "N",
      description =
          "Number of seeds whose mean loss decides. The seeds are those after the highest of"
              + " --seeds. Default: 2")
  private @Nullable Integer seeds;

  /** Whether there is a search. */
  public boolean isChosen() {
    return sweep || only;
  }

  /** Whether there is nothing but a search. */
  public boolean isOnly() {
    return only;
  }

  /**
   * Refuses options of a search if there is none.
   *
   * @throws UserError naming one of them
   */
  public void requireNone() {
    require("--sweep-rates", rates);
    require("--sweep-warmups", warmups);
    require("--sweep-seeds", seeds);
  }

  private static void require(String option, @Nullable Object value) {
    if (value != null) {
      throw new UserError("%s has no effect without --sweep; add that".formatted(option));
    }
  }

  /**
   * The number of learning rates.
   *
   * @throws UserError if it is out of range
   */
  public int rates() {
    int count = rates == null ? RATES : rates;
    if (count < 2 || count > 64) {
      throw new UserError(
          "--sweep-rates is %d; it must be at least 2 and at most 64".formatted(count));
    }
    return count;
  }

  /**
   * The warm-ups as shares of the steps, each once.
   *
   * @throws UserError if one is out of range
   */
  public List<Double> warmups() {
    List<Double> shares = warmups == null ? WARMUPS : List.copyOf(new LinkedHashSet<>(warmups));
    shares.forEach(share -> OptionChecks.requireShare("--sweep-warmups", share, "0.05"));
    return shares;
  }

  /**
   * The seeds of the search.
   *
   * @param trained the seeds of the trainings, of which the search uses none
   * @throws UserError if their number is out of range
   */
  public List<Long> seeds(List<Long> trained) {
    int count = seeds == null ? SEEDS : seeds;
    OptionChecks.requireCount("--sweep-seeds", count, 1000);
    long highest = trained.stream().mapToLong(Long::longValue).max().orElse(0);
    return LongStream.rangeClosed(1, count).map(i -> highest + i).boxed().toList();
  }
}
