package dev.mincover.lab.task;

import dev.mincover.lab.data.Batch;
import dev.mincover.lab.data.Samples;
import dev.mincover.lab.data.Validation;
import dev.mincover.lab.model.Model;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.run.TaskKind;
import java.nio.file.Path;

/**
 * What is to be learned: data, a network of some size, and how well it does. Training, comparisons,
 * sweeps and reports know of a task only what is here.
 */
public interface Task {

  /** Which task it is. */
  TaskKind kind();

  /** The type of the model's weights. */
  WeightType weights();

  /** Samples per step. */
  int batch();

  /** Describes the data in a line. */
  String data();

  /** What tells the data from any other. */
  String digest();

  /** Describes the model in a line. */
  String description();

  /** Describes the model as JSON files do. */
  Summary.Model size();

  /** Describes the samples of a step, such as {@code 8 x 128 bytes}. */
  String step();

  /** Makes buffers for the batches of {@link #samples} and {@link #validation}. */
  Batch buffers();

  /** Returns what is trained on. */
  Samples samples(long seed);

  /** Returns what every model of the task is judged by. */
  Validation validation();

  /**
   * Makes a model with initial weights. Equal seeds give equal bits.
   *
   * @param sparse whether gradients may be sparse where few rows of a weight are used
   */
  Model model(long seed, boolean sparse);

  /** Returns the validation loss of the baseline, in bits per {@link TaskKind#unit}. */
  double baseline();

  /**
   * Tells what a trained model does, besides its loss.
   *
   * @param model of {@link #model}
   * @param threads that may share the work
   */
  Outcome outcome(Model model, int threads);

  /**
   * Returns text that a language model writes.
   *
   * @param length in bytes
   * @return empty for other tasks
   */
  default String sample(Model model, int length, long seed) {
    return "";
  }

  /**
   * Writes the weights to a file, with what it takes to use them.
   *
   * @throws dev.mincover.lab.common.UserError if it cannot be written
   */
  void save(Model model, Path file);
}
