package dev.mincover.nd4j;

import static java.util.Objects.requireNonNull;

import dev.mincover.AverageSwap;
import dev.mincover.NonFiniteException;
import dev.mincover.Optimizer;
import dev.mincover.RecipeChanges;
import dev.mincover.cover.Cover;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An optimizer bound to arrays of ND4J, or to the variables of a SameDiff graph, for a loop of
 * one's own: it reads gradients and overwrites weights where ND4J keeps them, without a copy.
 *
 * <pre>{@code
 * try (var optimizer = ArrayOptimizer.bind(Sm3.learningRate(0.1), graph, 2)) {
 *   optimizer.step(graph.calculateGradients(placeholders, optimizer.names()));
 * }
 * }</pre>
 *
 * <p>Arrays are FLOAT, BFLOAT16 or FLOAT16 on the CPU, and gradients any of the three. An array may
 * lie in 'c' order, in 'f' order or with its axes permuted, and may be a view with an offset: core
 * steps it as it lies, with the axes in memory order, and covers mean the array's own axes. A
 * gradient in another order than its array is copied. Only arrays with gaps between their elements
 * are refused.
 *
 * <p>The order does not show in the bits of SM3, AdaGrad and Adam. It does where a rule counts
 * elements in memory: the blocks of int8 momentum, stochastic rounding, clipping by global norm,
 * and Adafactor, whose matrices lie along the last two axes in memory.
 */
public final class ArrayOptimizer implements AutoCloseable {

  private final Recipe recipe;
  private final List<ArrayParameter> parameters;

  /** Those that are not frozen, by name. */
  private final Map<String, ArrayParameter> learning = new LinkedHashMap<>();

  private final Map<String, Gradient> gradients = new HashMap<>();
  private Optimizer core;

  /** What core is bound to. */
  private List<Parameter> stepped;

  private boolean closed;

  private ArrayOptimizer(Recipe recipe, List<ArrayParameter> parameters, Optimizer core) {
    this.recipe = recipe;
    this.parameters = parameters;
    this.core = core;
    stepped = bound(parameters);
    for (ArrayParameter parameter : parameters) {
      if (!parameter.frozen()) {
        learning.put(parameter.name(), parameter);
      }
    }
  }

  /**
   * Binds a recipe to the trainable variables of a graph, by their names in it: those that are
   * VARIABLE and of a floating-point type when bound.
   *
   * @param threads how many threads share a step, the caller among them; at least 1
   * @throws IllegalArgumentException as {@link #bind(Recipe, Map, int)}
   */
  public static ArrayOptimizer bind(Recipe recipe, SameDiff graph, int threads) {
    List<ArrayParameter> parameters = new ArrayList<>();
    ArrayMemory.requireReachable();
    for (SDVariable variable : graph.variables()) {
      if (variable.getVariableType() == VariableType.VARIABLE && variable.dataType().isFPType()) {
        parameters.add(new ArrayParameter(variable.name(), variable::getArr, false));
      }
    }
    return bind(recipe, parameters, threads);
  }

  /**
   * Binds a recipe to arrays under names of one's own. The arrays must not be closed before this
   * optimizer is.
   *
   * @param threads how many threads share a step, the caller among them; at least 1
   * @throws IllegalArgumentException if an array is not FLOAT, BFLOAT16 or FLOAT16, has gaps
   *     between its elements, lies in a workspace or was closed, or two of them share memory, or as
   *     {@link Optimizer#bind(Recipe, java.util.Collection, int)}
   * @throws IllegalStateException if ND4J computes on a device
   */
  public static ArrayOptimizer bind(Recipe recipe, Map<String, INDArray> arrays, int threads) {
    List<ArrayParameter> parameters = new ArrayList<>();
    ArrayMemory.requireReachable();
    arrays.forEach((name, array) -> parameters.add(new ArrayParameter(name, () -> array, false)));
    return bind(recipe, parameters, threads);
  }

  static ArrayOptimizer bind(Recipe recipe, List<ArrayParameter> parameters, int threads) {
    Recipe turned = MemoryCovers.of(recipe, parameters);
    return new ArrayOptimizer(
        recipe, parameters, Optimizer.bind(turned, bound(parameters), threads));
  }

  private static List<Parameter> bound(List<ArrayParameter> parameters) {
    return parameters.stream().map(ArrayParameter::bound).toList();
  }

  /** The names of the parameters that learn, in the order bound. */
  public Set<String> names() {
    return Collections.unmodifiableSet(learning.keySet());
  }

  /**
   * Takes one step. A parameter without a gradient stays as it is. Everything is checked before
   * anything changes, but for {@link Guard#UNCHECKED}. With {@link Guard#SKIP} it may leave all
   * weights as they are.
   *
   * @param gradients by name, of the array's own shape; read only
   * @throws IllegalArgumentException if no parameter that learns has a name, or a gradient's type
   *     or shape does not fit, or an array was closed
   * @throws NonFiniteException as the recipe's {@link Guard} says
   * @throws IllegalStateException if an array was replaced by one of another shape, type or order,
   *     the average is in the place of the weights, or this optimizer is closed
   */
  public synchronized void step(Map<String, INDArray> gradients) {
    for (String name : gradients.keySet()) {
      if (!learning.containsKey(name)) {
        throw new IllegalArgumentException(
            "no parameter that learns is named '%s'; these do: %s"
                .formatted(name, learning.keySet()));
      }
    }
    follow();
    List<INDArray> copies = new ArrayList<>();
    try {
      gradients.forEach((name, gradient) ->
          this.gradients.put(name, requireNonNull(learning.get(name)).gradient(gradient, copies)));
      core.step(this.gradients);
    } finally {
      this.gradients.clear();
      copies.forEach(INDArray::close);
      Reference.reachabilityFence(gradients); // ND4J would free the memory of those nobody holds.
    }
  }

  /** Hands the state over to where the weights are now. */
  private void follow() {
    requireOpen();
    parameters.forEach(ArrayParameter::look);
    List<Parameter> now = bound(parameters);
    if (!now.equals(stepped)) {
      core = core.rebind(now);
      stepped = now;
    }
  }

  /**
   * Puts the average of the weights in their place, for evaluation. Until the result is closed,
   * steps are refused; closing it, or this optimizer, brings the trained weights back, bit for bit.
   * The arrays must not be replaced meanwhile.
   *
   * @throws IllegalStateException if the recipe has no average, it is in place already, or this
   *     optimizer is closed
   */
  public synchronized AverageSwap swapInAverage() {
    follow();
    return core.swapInAverage();
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
   * Saves weights, state and recipe to a safetensors file, as {@link Optimizer#save(Path, Map)}
   * does, under the names that the parameters were bound with. The axes of an array that is not
   * row-major stand in the file in the order that they have in memory.
   *
   * @param metadata free text by key, such as the epoch; {@link #load} returns it
   * @throws IOException if the file cannot be written; an older one is as it was
   * @throws IllegalArgumentException if an array was closed
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
   * Overwrites weights and state with those that {@link #save} has written; the arrays then train
   * on with the same bits.
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
   * Copies the accumulators of one parameter to the heap, as {@link Optimizer#accumulators} but in
   * the order of the array's own axes: of a matrix first the rows', then the columns'; one for each
   * weight in row-major order.
   *
   * @throws IllegalArgumentException if no parameter has that name or it is frozen
   * @throws IllegalStateException if this optimizer is closed
   */
  public synchronized float[][] accumulators(String name) {
    float[][] inMemory = core.accumulators(name);
    MemoryOrder order = requireNonNull(learning.get(name)).order();
    return order.isRowMajor() ? inMemory : ofAxes(order, inMemory, coverOf(name));
  }

  /** Null for a rule that has none. */
  private @Nullable Cover coverOf(String name) {
    return recipe instanceof Sm3 sm3 ? sm3.cover().of(name) : null;
  }

  private static float[][] ofAxes(MemoryOrder order, float[][] inMemory, @Nullable Cover cover) {
    boolean byAxis = cover == null || cover instanceof Cover.Slices;
    boolean byWeight = cover == null || cover instanceof Cover.Singletons;
    if (byAxis && inMemory.length == order.shape().rank()) {
      float[][] accumulators = new float[inMemory.length][];
      Arrays.setAll(accumulators, axis -> inMemory[order.place(axis)]);
      return accumulators;
    }
    return byWeight && inMemory.length == 1
        ? new float[][] {order.rowMajor(inMemory[0])}
        : inMemory; // In the order that the recipe names them.
  }

  /**
   * The optimizer of core underneath, for its counters and the bytes of its state; step and swap
   * with this object. Another one takes its place when an array was replaced.
   */
  public synchronized Optimizer core() {
    return core;
  }

  /** Frees the optimizer's state. The arrays keep the weights. */
  @Override
  public synchronized void close() {
    closed = true;
    core.close();
  }

  synchronized void requireOpen() {
    if (closed) {
      throw new IllegalStateException("this optimizer is closed; bind the recipe again");
    }
  }
}
