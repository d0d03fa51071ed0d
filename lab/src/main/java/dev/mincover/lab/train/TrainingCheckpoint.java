package dev.mincover.lab.train;

import dev.mincover.lab.common.Machine;
import dev.mincover.lab.optimizer.BoundOptimizer;
import dev.mincover.lab.statistics.StatisticsRecorder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * A training as a checkpoint and back: weights, the optimizer's state, gradient statistics, and the
 * position in the data. A training that is restored goes on with the bits it would have had.
 */
final class TrainingCheckpoint {

  private static final String SEED = "training.seed";
  private static final String TEXT = "training.text";
  private static final String PROCESSOR = "training.processor";
  private static final String STATISTICS = "training.statistics";

  private final TrainingPlan plan;
  private final BoundOptimizer optimizer;
  private final StatisticsRecorder recorder;
  private final String text;

  /** Prepares checkpoints of a training with this optimizer and recorder. */
  TrainingCheckpoint(TrainingPlan plan, BoundOptimizer optimizer, StatisticsRecorder recorder) {
    this.plan = plan;
    this.optimizer = optimizer;
    this.recorder = recorder;
    text = plan.task().digest();
  }

  /**
   * Saves the training as it is.
   *
   * @throws IOException if the file cannot be written; an older one is as it was
   */
  void save(Path file, TrainingPosition position) throws IOException {
    Map<String, String> metadata = position.metadata();
    metadata.put(SEED, Long.toString(plan.seed()));
    metadata.put(TEXT, text);
    metadata.put(PROCESSOR, Machine.processor());
    metadata.put(STATISTICS, Long.toString(recorder.steps()));
    optimizer.save(file, metadata, recorder.state());
  }

  /**
   * Overwrites weights, state and statistics with those of a file.
   *
   * @return where the training goes on
   * @throws IOException if the file cannot be read, or is damaged
   * @throws IllegalArgumentException if it is of another training
   */
  TrainingPosition load(Path file) throws IOException {
    Map<String, String> metadata = optimizer.load(file, recorder.state());
    requireEqual(file, metadata, SEED, Long.toString(plan.seed()), "restore the run's seed");
    requireEqual(
        file, metadata, TEXT, text, "the data have changed since the run began; restore them");
    try {
      TrainingPosition position = TrainingPosition.of(metadata);
      recorder.restoreSteps(TrainingPosition.number(metadata, STATISTICS));
      return position;
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("checkpoint %s %s".formatted(file, e.getMessage()), e);
    }
  }

  private static void requireEqual(
      Path file, Map<String, String> metadata, String key, String mine, String remedy) {
    String saved = metadata.get(key);
    if (!mine.equals(saved)) {
      throw new IllegalArgumentException(
          "checkpoint %s has '%s' for %s, and this training has '%s': %s"
              .formatted(file, saved, key, mine, remedy));
    }
  }
}
