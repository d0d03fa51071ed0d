package dev.mincover.djl;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import dev.mincover.AverageSwap;
import dev.mincover.NonFiniteException;
import dev.mincover.Optimizer;
import dev.mincover.RecipeChanges;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Gradient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An optimizer bound to the parameters of a DJL block, for a loop of one's own instead of {@code
 * Trainer.step}: it reads gradients and overwrites weights where the engine keeps them, without a
 * copy, all in one step and under the block's own names.
 *
 * <pre>{@code
 * trainer.initialize(shape);
 * try (var optimizer = BlockOptimizer.bind(Sm3.learningRate(0.1), model.getBlock(), 2)) {
 *   for (Batch batch : trainer.iterateDataset(data)) {
 *     EasyTrain.trainBatch(trainer, batch);
 *     optimizer.step(); // in the place of trainer.step()
 *     batch.close();
 *   }
 * }
 * }</pre>
 *
 * <p>Parameters are float32, bfloat16 or float16 on the CPU; DJL 0.36.0 itself makes no bfloat16
 * arrays on PyTorch, but a model that is loaded may have some. A parameter that requires no
 * gradient when bound is frozen; its values are kept in checkpoints, as the running means of a
 * batch norm are. A parameter that no backward pass has reached yet has no gradient, and stays as
 * it is. Later, DJL does not tell a gradient that was not computed from one that is zero: both are
 * zero. A parameter whose array is not contiguous gets a contiguous one when it is bound.
 *
 * <p>Sparse gradients, as embeddings give them, are rows to SM3 and AdaGrad: only rows that are not
 * zero change. Other rules take them as dense.
 */
public final class BlockOptimizer implements AutoCloseable {

  private final List<BlockParameter> parameters;

  /** Those that are not frozen, by name. */
  private final Map<String, BlockParameter> learning = new LinkedHashMap<>();

  private final Map<String, Gradient> gradients = new HashMap<>();
  private Optimizer core;
  private float scale = 1;

  /** Keeps the weights' memory while they are to be put back into it; null when they are not. */
  private @Nullable NDManager held;

  private BlockOptimizer(List<BlockParameter> parameters, Optimizer core) {
    this.parameters = parameters;
    this.core = core;
    for (BlockParameter parameter : parameters) {
      if (!parameter.frozen()) {
        learning.put(parameter.name(), parameter);
      }
    }
  }

  /**
   * Binds a recipe to all parameters of a block, by their names in it. A parameter that occurs more
   * than once is bound once, under its first name.
   *
   * @param block initialised, as by {@code trainer.initialize(shape)}
   * @param threads how many threads share a step, the caller among them; at least 1
   * @throws IllegalArgumentException as {@link #bind(Recipe, Map, int)}
   */
  public static BlockOptimizer bind(Recipe recipe, Block block, int threads) {
    Map<String, Parameter> parameters = new LinkedHashMap<>();
    for (Pair<String, Parameter> pair : block.getParameters()) {
      parameters.put(pair.getKey(), pair.getValue());
    }
    return bind(recipe, parameters, threads);
  }

  /**
   * Binds a recipe to parameters under names of one's own.
   *
   * @param threads how many threads share a step, the caller among them; at least 1
   * @throws IllegalArgumentException if a parameter is not initialised, or is not float32, bfloat16
   *     or float16 on the CPU, or two of them share memory, or as {@link Optimizer#bind(Recipe,
   *     Collection, int)}
   */
  public static BlockOptimizer bind(Recipe recipe, Map<String, Parameter> parameters, int threads) {
    List<BlockParameter> bound = new ArrayList<>();
    Set<Parameter> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    parameters.forEach((name, parameter) -> {
      if (!parameter.isInitialized()) {
        throw new IllegalArgumentException(
            "parameter '%s' is not initialised; call trainer.initialize(shape) first"
                .formatted(name));
      }
      if (seen.add(parameter)) {
        bound.add(
            new BlockParameter(
                name,
                parameter.getId(),
                parameter::getArray,
                !parameter.requiresGradient(),
                recipe instanceof Sm3));
      }
    });
    return new BlockOptimizer(bound, Optimizer.bind(recipe, bound(bound), threads));
  }

  private static List<dev.mincover.tensor.Parameter> bound(List<BlockParameter> parameters) {
    return parameters.stream().map(BlockParameter::bound).toList();
  }

  /**
   * Takes one step from the gradients that the parameters hold, and makes these gradients zero.
   * Everything is checked before anything changes, but for {@link Guard#UNCHECKED}. With {@link
   * Guard#SKIP} it may leave all weights as they are.
   *
   * @throws IllegalStateException if a gradient is not of a type and shape that fit, the average is
   *     in the place of the weights, or this optimizer is closed
   * @throws NonFiniteException as the recipe's {@link Guard} says; gradients are zero then as well
   */
  public void step() {
    step(List.copyOf(learning.keySet()));
  }

  /**
   * Takes one step from the gradients of some of the parameters. The others keep their weights and
   * state, as if they had no gradient; DJL itself does not tell which those are.
   *
   * @param names of parameters that learn
   * @throws IllegalArgumentException if there is no parameter of a name that learns
   * @throws IllegalStateException as {@link #step()}
   * @throws NonFiniteException as {@link #step()}
   */
  public synchronized void step(Collection<String> names) {
    for (String name : names) {
      if (!learning.containsKey(name)) {
        throw new IllegalArgumentException(
            "no parameter that learns is named '%s'; these do: %s"
                .formatted(name, learning.keySet()));
      }
    }
    follow();
    List<NDArray> open = new ArrayList<>();
    try {
      for (String name : names) {
        Gradient gradient = requireNonNull(learning.get(name)).gradient(scale, open);
        if (gradient != null) {
          gradients.put(name, gradient);
        }
      }
      try {
        core.step(gradients);
        release();
      } catch (NonFiniteException bad) {
        names.forEach(this::clearGradient);
        throw bad;
      }
      names.forEach(this::clearGradient);
    } finally {
      gradients.clear();
      open.forEach(NDArray::close);
    }
  }

  private void clearGradient(String name) {
    requireNonNull(learning.get(name)).clearGradient();
  }

  /** Hands the state over to where the engine has put the weights since. */
  private void follow() {
    boolean moved = false;
    for (BlockParameter parameter : parameters) {
      moved |= parameter.hasMoved();
    }
    if (moved) {
      core = core.rebind(bound(parameters));
    }
  }

  /** How many parameters learn. */
  int learning() {
    return learning.size();
  }

  /** Whether a parameter of this identifier of DJL's learns. */
  boolean learns(String id) {
    return learning.values().stream().anyMatch(parameter -> parameter.id().equals(id));
  }

  /** Multiplies all gradients of later steps by a factor, where the engine keeps them. */
  void rescaleGradients(float factor) {
    scale = factor;
  }

  /** Makes every gradient zero. */
  public synchronized void zeroGradients() {
    learning.values().forEach(BlockParameter::clearGradient);
  }

  /**
   * Puts the average of the weights in their place, for evaluation. Until the result is closed,
   * steps are refused; closing it, or this optimizer, brings the trained weights back, bit for bit.
   * The engine must not be made to replace a parameter's memory meanwhile. The weights' memory
   * stays allocated until the next step or until this optimizer is closed, even if the model is
   * closed.
   *
   * @throws IllegalStateException if the recipe has no average, it is in place already, or this
   *     optimizer is closed
   */
  public synchronized AverageSwap swapInAverage() {
    follow();
    AverageSwap swap = core.swapInAverage();
    release();
    NDManager manager = NDManager.newBaseManager();
    for (BlockParameter parameter : learning.values()) {
      parameter.alias().attach(manager);
    }
    held = manager;
    return swap;
  }

  /**
   * Saves weights, state and recipe to a safetensors file, for {@link #load}.
   *
   * @throws IOException as {@link #save(Path, Map)}
   */
  public void save(Path file) throws IOException {
    save(file, Map.of());
  }

  /**
   * Saves weights, state and recipe to a safetensors file, under the block's own names, as {@link
   * Optimizer#save(Path, Map)} does: one call beside {@code Model.save}.
   *
   * @param metadata free text by key, such as the epoch; {@link #load} returns it
   * @throws IOException if the file cannot be written; an older one is as it was
   * @throws IllegalStateException if the average is in the place of the weights, or this optimizer
   *     is closed
   */
  public synchronized void save(Path file, Map<String, String> metadata) throws IOException {
    follow();
    core.save(file, metadata);
  }

  /**
   * Overwrites weights and state with those that {@link #save} has written, as {@link #load(Path,
   * RecipeChanges)} with {@link RecipeChanges#LEARNING_RATE}.
   *
   * @throws IOException as {@link #load(Path, RecipeChanges)}
   */
  public Map<String, String> load(Path file) throws IOException {
    return load(file, RecipeChanges.LEARNING_RATE);
  }

  /**
   * Overwrites weights and state with those that {@link #save} has written; the block then trains
   * on with the same bits. One call beside {@code Model.load}.
   *
   * @param changes in what this recipe may differ from the one that was saved
   * @return the metadata it was saved with
   * @throws IOException if the file cannot be read or is damaged; nothing has changed
   * @throws IllegalArgumentException if it does not fit, naming the first difference and the
   *     remedy; nothing has changed
   * @throws IllegalStateException as {@link #save}
   */
  public synchronized Map<String, String> load(Path file, RecipeChanges changes)
      throws IOException {
    follow();
    return core.load(file, changes);
  }

  /**
   * The optimizer of core underneath, for its counters and accumulators; step and swap with this
   * object. Another one takes its place when the engine has given a parameter other memory.
   */
  public synchronized Optimizer core() {
    return core;
  }

  /** Frees the optimizer's state. The block keeps its weights. */
  @Override
  public synchronized void close() {
    core.close();
    release();
  }

  private void release() {
    NDManager manager = held;
    if (manager != null) {
      manager.close();
      held = null;
    }
  }
}
