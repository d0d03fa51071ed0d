package dev.mincover.lab.compare;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.util.List;

/**
 * Everything that a sweep has tried, {@code sweep.json}. The file holds the values of all groups in
 * one flat object, in the order given here.
 *
 * @param finished false if the sweep was interrupted
 * @param grid what is tried
 * @param setup of every training
 * @param winners of the optimizers whose search is over
 * @param trials in the order in which they were made
 * @param machine processor and JDK
 * @param mincoverVersion version of this software
 */
public record SweepResult(
    boolean finished,
    @JsonUnwrapped Grid grid,
    @JsonUnwrapped TrainingSetup setup,
    List<Sweep.Winner> winners,
    List<Sweep.Trial> trials,
    String machine,
    String mincoverVersion) {

  /**
   * What a sweep tries with each optimizer.
   *
   * @param rates number of learning rates
   * @param warmups shares of the steps, each tried with each rate
   * @param seeds over which the losses are averaged
   * @param rounds from the one with all choices to the last
   */
  public record Grid(int rates, List<Double> warmups, List<Long> seeds, List<Sweep.Round> rounds) {

    /** Copies the lists. */
    public Grid {
      warmups = List.copyOf(warmups);
      seeds = List.copyOf(seeds);
      rounds = List.copyOf(rounds);
    }

    static Grid of(Sweep sweep) {
      return new Grid(sweep.rates(), sweep.warmups(), sweep.seeds(), sweep.rounds());
    }
  }

  /** Copies the lists. */
  public SweepResult {
    winners = List.copyOf(winners);
    trials = List.copyOf(trials);
  }
}
