package dev.mincover.lab.optimizer;

import dev.mincover.NonFiniteGradientException;
import dev.mincover.checkpoint.NamedTensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** An optimizer that is bound to the weights of a model. Closing it frees its state. */
public interface BoundOptimizer extends AutoCloseable {

  /** The learning rate of the next step. */
  double learningRate();

  /**
   * Changes the weights according to their gradients.
   *
   * @throws NonFiniteGradientException if it refuses the gradients
   */
  void step();

  /** Makes every gradient undefined. */
  void zeroGradients();

  /** Bytes of state, in addition to weights and gradients. */
  long stateBytes();

  /** The number of steps left out because a gradient was not finite. */
  long skippedSteps();

  /**
   * Runs a task while the model holds its final weights: the average of the weights if one is kept,
   * otherwise the weights of the last step.
   */
  void withFinalWeights(Runnable task);

  /**
   * Saves weights and state to a safetensors file. An older file is replaced at once when the new
   * one is on the disk.
   *
   * @param metadata free text by key
   * @param others tensors of the training besides
   * @throws IOException if it cannot be written; an older file is as it was
   */
  void save(Path file, Map<String, String> metadata, List<NamedTensor> others) throws IOException;

  /**
   * Overwrites weights and state with those that {@link #save} has written. The learning rate may
   * differ.
   *
   * @param others all tensors that were saved besides; overwritten
   * @return the metadata it was saved with
   * @throws IOException if the file cannot be read, or is damaged; nothing has changed
   * @throws IllegalArgumentException if it does not fit; nothing has changed
   */
  Map<String, String> load(Path file, List<NamedTensor> others) throws IOException;

  @Override
  void close();
}
