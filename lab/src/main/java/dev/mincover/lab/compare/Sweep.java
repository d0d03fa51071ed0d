package dev.mincover.lab.compare;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The search for learning rates and warm-ups by successive halving. All learning rates of a grid,
 * each with each warm-up, are trained for a few steps. The better half is trained for twice as many
 * steps, and so on until two or three choices are left, of which the best wins. Every optimizer
 * gets the same number of choices and steps. The loss of a choice is its mean over the seeds; a
 * choice with a training that diverges counts as the worst.
 *
 * <p>Each training is complete, with the warm-up and the cool-down of its own number of steps.
 *
 * @param rates number of learning rates in the grid of each optimizer, at least 2
 * @param warmups shares of the steps, at least one
 * @param steps of the last round
 * @param seeds of weights and batches
 */
public record Sweep(int rates, List<Double> warmups, long steps, List<Long> seeds) {

  /**
   * A round of the halving.
   *
   * @param choices number of choices that take part
   * @param steps per training
   */
  public record Round(int choices, long steps) {}

  /**
   * What the search chooses.
   *
   * @param warmup share of the steps
   */
  public record Choice(double learningRate, double warmup) {}

  /**
   * A training that was tried.
   *
   * @param round from 1
   * @param validationLoss after the last step, in nats per byte; null if the training diverged
   */
  public record Trial(
      String optimizer,
      double learningRate,
      double warmup,
      int round,
      long steps,
      long seed,
      @Nullable Double validationLoss) {

    /** What was trained, whatever came of it and in whatever round. */
    Trial withoutOutcome() {
      return new Trial(optimizer, learningRate, warmup, 0, steps, seed, null);
    }
  }

  /**
   * The best choice for an optimizer.
   *
   * @param validationLoss mean over the seeds in the last round, in nats per byte; null if every
   *     choice diverged
   * @param atEdge whether the rate is the lowest or the highest of the grid, so that a rate outside
   *     may be better
   */
  public record Winner(
      String optimizer,
      double learningRate,
      double warmup,
      @Nullable Double validationLoss,
      boolean atEdge,
      List<Double> rates) {}

  /** Trains once. */
  @FunctionalInterface
  public interface Training {
    /**
     * Returns the validation loss, which is not finite if the training diverged; empty if a stop
     * was requested.
     */
    OptionalDouble validationLoss(ComparedOptimizer optimizer, long steps, long seed);
  }

  private record Score(Choice choice, double loss) {}

  /** Copies the lists. */
  public Sweep {
    warmups = List.copyOf(warmups);
    seeds = List.copyOf(seeds);
  }

  /** Returns the same search with another number of steps in the last round. */
  Sweep of(long number) {
    return new Sweep(rates, warmups, number, seeds);
  }

  /** Returns the rounds, from the one with all choices to the last. */
  public List<Round> rounds() {
    List<Integer> counts = new ArrayList<>(List.of(rates * warmups.size()));
    while (counts.getLast() > 3) {
      counts.add((counts.getLast() + 1) / 2);
    }
    List<Round> rounds = new ArrayList<>();
    for (int i = 0; i < counts.size(); i++) {
      rounds.add(new Round(counts.get(i), Math.max(1, steps >> (counts.size() - 1 - i))));
    }
    return rounds;
  }

  /** The number of trainings for one optimizer. */
  public int trainings() {
    return seeds.size() * rounds().stream().mapToInt(Round::choices).sum();
  }

  /** The number of steps of all trainings for one optimizer. */
  public long stepsInAll() {
    return seeds.size()
        * rounds().stream().mapToLong(round -> round.choices() * round.steps()).sum();
  }

  /**
   * Searches for one optimizer.
   *
   * @param listener called after every trial
   * @return null if a stop was requested
   */
  public @Nullable Winner search(
      ComparedOptimizer optimizer, Training training, Consumer<Trial> listener) {
    List<Double> grid = optimizer.rates(rates);
    List<Choice> left =
        grid.stream()
            .flatMap(rate -> warmups.stream().map(warmup -> new Choice(rate, warmup)))
            .toList();
    List<Score> scores = List.of();
    int number = 0;
    for (Round round : rounds()) {
      number++;
      scores = new ArrayList<>();
      for (Choice choice : left.subList(0, round.choices())) {
        ComparedOptimizer tried = optimizer.at(choice.learningRate(), choice.warmup());
        double sum = 0;
        for (long seed : seeds) {
          OptionalDouble loss = training.validationLoss(tried, round.steps(), seed);
          if (loss.isEmpty()) {
            return null;
          }
          double value = loss.getAsDouble();
          boolean finite = Double.isFinite(value);
          listener.accept(
              new Trial(
                  optimizer.name(),
                  choice.learningRate(),
                  choice.warmup(),
                  number,
                  round.steps(),
                  seed,
                  finite ? value : null));
          sum += finite ? value : Double.POSITIVE_INFINITY;
        }
        scores.add(new Score(choice, sum / seeds.size()));
      }
      // The sort is stable: among equal losses, and among rates that diverged, the lower rate wins.
      scores.sort(Comparator.comparingDouble(Score::loss));
      left = scores.stream().map(Score::choice).toList();
    }
    Score best = scores.getFirst();
    double rate = best.choice().learningRate();
    return new Winner(
        optimizer.name(),
        rate,
        best.choice().warmup(),
        Double.isFinite(best.loss()) ? best.loss() : null,
        rate == grid.getFirst() || rate == grid.getLast(),
        grid);
  }
}
