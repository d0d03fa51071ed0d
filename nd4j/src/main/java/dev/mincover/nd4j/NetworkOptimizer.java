package dev.mincover.nd4j;

import dev.mincover.AverageSwap;
import dev.mincover.NonFiniteException;
import dev.mincover.Optimizer;
import dev.mincover.RecipeChanges;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Recipe;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.deeplearning4j.nn.updater.UpdaterBlock;
import org.deeplearning4j.optimize.solvers.accumulation.GradientsAccumulator;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An optimizer bound to the parameters of a DL4J network, in the network's own {@code fit} or in a
 * loop of one's own: it reads gradients and overwrites weights where DL4J keeps them, without a
 * copy, and sees the rows and columns that an updater of DL4J's does not.
 *
 * <pre>{@code
 * // The network is configured with updater(new DeferredUpdater()).
 * try (var optimizer = NetworkOptimizer.bind(Sm3.learningRate(0.1), network, 2)) {
 *   optimizer.attach();
 *   network.fit(iterator, epochs);
 * }
 * }</pre>
 *
 * <p>In {@code fit} DL4J does to a gradient what it does for any updater: it divides it by the size
 * of the batch, normalises or clips it and adds L1 and L2. Then this optimizer takes one step over
 * all parameters, and DL4J's constraints, counters and listeners follow.
 *
 * <p>A parameter of a frozen layer stays as it is. What DL4J itself updates by subtraction, such as
 * the running means of batch normalisation, it goes on to update. Both are kept in checkpoints.
 * {@link ArrayOptimizer} says what holds of memory: DL4J's matrices lie in 'f' order.
 */
public final class NetworkOptimizer implements AutoCloseable {

  private final Model network;
  private final List<ArrayParameter> subtracted;
  private final ArrayOptimizer arrays;

  private NetworkOptimizer(Model network, NetworkParameters parameters, ArrayOptimizer arrays) {
    this.network = network;
    this.subtracted = parameters.subtracted;
    this.arrays = arrays;
  }

  /**
   * Binds a recipe to the parameters of a network, by their names in {@code paramTable()}, such as
   * {@code 0_W}.
   *
   * @param network initialised by {@code init()}, and configured with {@link DeferredUpdater}
   * @param threads how many threads share a step, the caller among them; at least 1
   * @throws IllegalArgumentException if the network is not initialised, a parameter has another
   *     updater, or as {@link ArrayOptimizer#bind(Recipe, Map, int)}
   */
  public static NetworkOptimizer bind(Recipe recipe, MultiLayerNetwork network, int threads) {
    return bindModel(recipe, network, network.isInitCalled(), threads);
  }

  /**
   * Binds a recipe to the parameters of a graph, by their names in {@code paramTable()}, such as
   * {@code dense_W}.
   *
   * @throws IllegalArgumentException as {@link #bind(Recipe, MultiLayerNetwork, int)}
   */
  public static NetworkOptimizer bind(Recipe recipe, ComputationGraph network, int threads) {
    return bindModel(recipe, network, network.getVertices() != null, threads);
  }

  private static NetworkOptimizer bindModel(
      Recipe recipe, Model network, boolean initialised, int threads) {
    if (!initialised) {
      throw new IllegalArgumentException("the network is not initialised; call init() first");
    }
    ArrayMemory.requireReachable();
    NetworkParameters parameters = new NetworkParameters(network);
    ArrayOptimizer arrays = ArrayOptimizer.bind(recipe, parameters.all, threads);
    return new NetworkOptimizer(network, parameters, arrays);
  }

  /**
   * Makes the network's {@code fit} step by this optimizer, until it is closed. DL4J forgets it
   * when the network is cleared, initialised anew or given another learning rate; {@code fit} then
   * throws until this is called again.
   *
   * @throws IllegalStateException if this optimizer is closed
   */
  public synchronized void attach() {
    arrays.requireOpen();
    setAccumulator(new NetworkAccumulator(this));
    deferred().forEach(each -> each.steppedBy = this);
  }

  private void setAccumulator(@Nullable GradientsAccumulator accumulator) {
    switch (network) {
      case MultiLayerNetwork stack -> stack.setGradientsAccumulator(accumulator);
      case ComputationGraph graph -> graph.setGradientsAccumulator(accumulator);
      default -> throw new AssertionError(network);
    }
  }

  /** What DL4J has made of the configuration's updaters, one per block of parameters. */
  private List<DeferredUpdater.Deferred> deferred() {
    BaseMultiLayerUpdater<?> updater =
        switch (network) {
          case MultiLayerNetwork stack -> (BaseMultiLayerUpdater<?>) stack.getUpdater();
          case ComputationGraph graph -> graph.getUpdater();
          default -> throw new AssertionError(network);
        };
    List<DeferredUpdater.Deferred> found = new ArrayList<>();
    for (UpdaterBlock block : updater.getUpdaterBlocks()) {
      if (block.getGradientUpdater() instanceof DeferredUpdater.Deferred deferred) {
        found.add(deferred);
      }
    }
    return found;
  }

  /**
   * Takes one step from the gradients that the network holds, as after {@code
   * computeGradientAndScore()}, in a loop of one's own. They are taken as they are: DL4J sums them
   * over the batch, and divides, clips and adds L1 and L2 in {@code fit} only. Everything is
   * checked before anything changes, but for {@link Guard#UNCHECKED}.
   *
   * @throws NonFiniteException as the recipe's {@link Guard} says
   * @throws IllegalStateException if the network holds no gradients, a parameter was replaced by
   *     one of another shape, type or order, the average is in the place of the weights, or this
   *     optimizer is closed
   */
  public synchronized void step() {
    var computed = network.gradient();
    if (computed == null) {
      throw new IllegalStateException(
          "the network holds no gradients; call computeGradientAndScore() first");
    }
    Map<String, INDArray> gradients = new HashMap<>();
    computed
        .gradientForVariable()
        .forEach((name, gradient) -> {
          if (arrays.names().contains(name)) {
            gradients.put(name, gradient);
          }
        });
    arrays.step(gradients);
    for (ArrayParameter parameter : subtracted) {
      INDArray difference = computed.getGradientFor(parameter.name());
      if (difference != null) {
        parameter.array().subi(difference);
      }
    }
  }

  /**
   * Puts the average of the weights in their place, for evaluation; see {@link
   * ArrayOptimizer#swapInAverage}.
   *
   * @throws IllegalStateException as {@link ArrayOptimizer#swapInAverage}
   */
  public synchronized AverageSwap swapInAverage() {
    return arrays.swapInAverage();
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
   * Saves weights, state and recipe to a safetensors file, as {@link ArrayOptimizer#save(Path,
   * Map)} does: one call beside {@code network.save}.
   *
   * @throws IOException as {@link ArrayOptimizer#save(Path, Map)}
   */
  public synchronized void save(Path file, Map<String, String> metadata) throws IOException {
    arrays.save(file, metadata);
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
   * Overwrites weights and state with those that {@link #save} has written. The network then trains
   * on with the same bits, if its input is the same; DL4J's own counters of iterations and epochs
   * are the network's.
   *
   * @param changes in what this recipe may differ from the one that was saved
   * @return the metadata it was saved with
   * @throws IOException as {@link ArrayOptimizer#load(Path, RecipeChanges)}
   */
  public synchronized Map<String, String> load(Path file, RecipeChanges changes)
      throws IOException {
    return arrays.load(file, changes);
  }

  /**
   * Copies the accumulators of one parameter to the heap; see {@link ArrayOptimizer#accumulators}.
   *
   * @throws IllegalArgumentException if no parameter has that name or it is frozen
   */
  public synchronized float[][] accumulators(String name) {
    return arrays.accumulators(name);
  }

  /** The optimizer of core underneath; see {@link ArrayOptimizer#core}. */
  public synchronized Optimizer core() {
    return arrays.core();
  }

  /** Frees the optimizer's state and lets go of the network, which keeps its weights. */
  @Override
  public synchronized void close() {
    List<DeferredUpdater.Deferred> mine = deferred();
    mine.removeIf(each -> each.steppedBy != this);
    if (!mine.isEmpty()) { // Otherwise the network is another optimizer's by now, or nobody's.
      setAccumulator(null);
      mine.forEach(each -> each.steppedBy = null);
    }
    arrays.close();
  }
}
