package dev.mincover.lab.compare;

import dev.mincover.lab.run.Summary;
import java.util.List;

/**
 * All that a sweep has tried, {@code sweep.json}.
 *
 * @param finished false if it was interrupted
 * @param warmups shares of the steps, each tried with each rate
 * @param rounds from the one with all choices to the last
 * @param trials in the order in which they were made
 * @param winners of the optimizers that are through
 * @param machine processor and JDK
 */
public record SweepResult(
    boolean finished,
    int rates,
    List<Double> warmups,
    List<Long> seeds,
    List<Sweep.Round> rounds,
    int threads,
    int batch,
    Summary.Model model,
    String corpus,
    List<Sweep.Winner> winners,
    List<Sweep.Trial> trials,
    String machine,
    String mincoverVersion) {

  /** Copies the lists. */
  public SweepResult {
    warmups = List.copyOf(warmups);
    seeds = List.copyOf(seeds);
    rounds = List.copyOf(rounds);
    winners = List.copyOf(winners);
    trials = List.copyOf(trials);
  }
}
