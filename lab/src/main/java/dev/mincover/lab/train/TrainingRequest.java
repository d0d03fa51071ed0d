package dev.mincover.lab.train;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.mincover.lab.common.JsonFile;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.optimizer.OptimizerRecipe;
import dev.mincover.lab.optimizer.OptimizerSettings;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.statistics.StatisticsSelection;
import dev.mincover.lab.task.TaskData;
import java.nio.file.Files;
import java.util.List;

/**
 * Everything that a run was asked for, {@code training.json}: what it takes to train it again, or
 * to go on with it.
 *
 * @param model size and type of the network
 * @param data what it learns from
 * @param optimizer every choice about the optimizer
 * @param steps number of steps
 * @param seed of weights, batches and stochastic rounding
 * @param threads that share a batch and the optimizer's steps
 * @param portable whether libtorch computes with portable instructions
 * @param output what the run leaves besides weights and losses
 * @param checkpoints when they are saved
 */
public record TrainingRequest(
    Summary.Model model,
    @JsonUnwrapped TaskData data,
    OptimizerSettings optimizer,
    long steps,
    long seed,
    int threads,
    boolean portable,
    @JsonUnwrapped Output output,
    CheckpointSchedule checkpoints) {

  /**
   * What a run leaves besides weights and losses.
   *
   * @param statistics the words of {@code --statistics}; empty for the default
   * @param sample bytes of generated text to print at the end; 0 for none
   * @param report whether the run ends with a page of charts
   */
  public record Output(List<String> statistics, int sample, boolean report) {

    /** Copies the list. */
    public Output {
      statistics = List.copyOf(statistics);
    }
  }

  /**
   * Reads the request of a run.
   *
   * @throws UserError if there is no such run, or it cannot be resumed
   */
  public static TrainingRequest read(RunDirectory run) {
    if (!Files.isDirectory(run.path())) {
      throw new UserError(
          "no run directory %s; name one that a training run made".formatted(run.path()));
    }
    if (!Files.isRegularFile(run.request())) {
      throw new UserError(
          "no %s in %s; only a run of 'mincover train' of this version can be resumed"
              .formatted(run.request().getFileName(), run.path()));
    }
    return JsonFile.read(
        run.request(),
        TrainingRequest.class,
        "the request of a run",
        List.of("corpus", "task", "source", "target"));
  }

  /**
   * Writes the request, replacing an older one.
   *
   * @throws UserError if it cannot be written
   */
  public void write(RunDirectory run) {
    JsonFile.write(this, run.request());
  }

  /** Returns the same request for another number of steps. */
  public TrainingRequest withSteps(long number) {
    return new TrainingRequest(
        model, data, optimizer, number, seed, threads, portable, output, checkpoints);
  }

  /** Returns the same request for another sample and report. */
  public TrainingRequest withOutput(int sample, boolean report) {
    Output changed = new Output(output.statistics(), sample, report);
    return new TrainingRequest(
        model, data, optimizer, steps, seed, threads, portable, changed, checkpoints);
  }

  /** Returns the same request for other checkpoints. */
  public TrainingRequest withCheckpoints(CheckpointSchedule schedule) {
    return new TrainingRequest(
        model, data, optimizer, steps, seed, threads, portable, output, schedule);
  }

  /**
   * Returns what a training needs before its first step, after reading the data.
   *
   * @throws UserError if a setting is out of range, naming its option, or the data cannot be read
   */
  public TrainingPlan plan() {
    OptimizerRecipe recipe = OptimizerRecipe.of(optimizer, steps, seed);
    return new TrainingPlan(Tasks.of(model, data), optimizer, recipe, steps, seed, threads);
  }

  /** Returns which parameters get gradient statistics. */
  StatisticsSelection statistics() {
    return new StatisticsSelection(output.statistics());
  }
}
