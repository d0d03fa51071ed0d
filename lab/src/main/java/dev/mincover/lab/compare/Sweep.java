package dev.mincover.lab.compare;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The search for learning rates by successive halving: all rates of a grid are trained for a few
 * steps, the better half for twice as many, and so on until two are left, or three, of which the
 * best wins. Every optimizer has as many rates and steps. A rate's loss is the mean over seeds; a
 * training that diverges makes it the worst.
 *
 * <p>Each training is a whole one, with the warm-up and the cool-down of its own number of steps.
 *
 * @param rates in the grid of each optimizer, at least 2
 * @param steps of the last round
 * @param seeds of weights and batches
 */
public record Sweep(int rates, long steps, List<Long> seeds) {

  /**
   * A round of the halving.
   *
   * @param rates how many take part
   * @param steps of each training
   */
  public record Round(int rates, long steps) {}

  /**
   * A training that was tried.
   *
   * @param round from 1
   * @param validationLoss after its last step, in nats a byte; null if it diverged
   */
  public record Trial(
      String optimizer,
      double learningRate,
      int round,
      long steps,
      long seed,
      @Nullable Double validationLoss) {}

  /**
   * The best rate of an optimizer.
   *
   * @param validationLoss mean over the seeds in the last round, in nats a byte; null if none of
   *     its trainings came to an end
   * @param atEdge whether it is the lowest or the highest of the grid, beyond which nothing is
   *     known
   */
  public record Winner(
      String optimizer,
      double learningRate,
      @Nullable Double validationLoss,
      boolean atEdge,
      List<Double> rates) {}

  /** Trains. */
  @FunctionalInterface
  public interface Training {
    /** The validation loss, not finite if it diverged; empty if it was told to stop. */
    OptionalDouble validationLoss(ComparedOptimizer optimizer, long steps, long seed);
  }

  private record Score(double rate, double loss) {}

  /** Copies the seeds. */
  public Sweep {
    seeds = List.copyOf(seeds);
  }

  /** The rounds, from the one with all rates to the last. */
  public List<Round> rounds() {
    List<Integer> counts = new ArrayList<>(List.of(rates));
    while (counts.getLast() > 3) {
      counts.add((counts.getLast() + 1) / 2);
    }
    List<Round> rounds = new ArrayList<>();
    for (int i = 0; i < counts.size(); i++) {
      rounds.add(new Round(counts.get(i), Math.max(1, steps >> (counts.size() - 1 - i))));
    }
    return rounds;
  }

  /** Trainings for one optimizer. */
  public int trainings() {
    return seeds.size() * rounds().stream().mapToInt(Round::rates).sum();
  }

  /** Steps of all trainings for one optimizer. */
  public long stepsInAll() {
    return seeds.size() * rounds().stream().mapToLong(round -> round.rates() * round.steps()).sum();
  }

  /**
   * Searches for one optimizer.
   *
   * @param listener told of every trial when it is done
   * @return null if a training was told to stop
   */
  public @Nullable Winner search(
      ComparedOptimizer optimizer, Training training, Consumer<Trial> listener) {
    List<Double> grid = optimizer.rates(rates);
    List<Double> left = grid;
    List<Score> scores = List.of();
    int number = 0;
    for (Round round : rounds()) {
      number++;
      scores = new ArrayList<>();
      for (double rate : left.subList(0, round.rates())) {
        double sum = 0;
        for (long seed : seeds) {
          OptionalDouble loss = training.validationLoss(optimizer.at(rate), round.steps(), seed);
          if (loss.isEmpty()) {
            return null;
          }
          double value = loss.getAsDouble();
          boolean finite = Double.isFinite(value);
          listener.accept(
              new Trial(
                  optimizer.name(), rate, number, round.steps(), seed, finite ? value : null));
          sum += finite ? value : Double.POSITIVE_INFINITY;
        }
        scores.add(new Score(rate, sum / seeds.size()));
      }
      // Stable: of equal losses, and of rates that diverged, the lower one is the better.
      scores.sort(Comparator.comparingDouble(Score::loss));
      left = scores.stream().map(Score::rate).toList();
    }
    Score best = scores.getFirst();
    return new Winner(
        optimizer.name(),
        best.rate(),
        Double.isFinite(best.loss()) ? best.loss() : null,
        best.rate() == grid.getFirst() || best.rate() == grid.getLast(),
        grid);
  }
}
