package dev.mincover.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.util.Pair;
import dev.mincover.RecipeChanges;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Gradient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A recipe of Mincover's in the place of DJL's own optimizers:
 *
 * <pre>{@code
 * new DefaultTrainingConfig(loss).optOptimizer(MincoverOptimizer.of(Sm3.learningRate(0.1), block));
 * }</pre>
 *
 * <p>With a block, the first {@link #update} of a step steps all parameters at once, on the CPU, as
 * {@link BlockOptimizer} does, and the rest of that step's updates have nothing left to do. Every
 * option of a recipe works, and state is saved under the block's own names. Without a block, each
 * update steps its own parameter, on any number of devices; DJL then gives names that differ in
 * every process, so that options by name, clipping by global norm and stochastic rounding are
 * refused, and state cannot be saved.
 *
 * <p>Parameters on other devices, such as a GPU, are stepped one at a time by the engine's own
 * operators, with state on their device. SM3 and AdaGrad work there, with all covers but sets,
 * float32 momentum, decay, clipping by value and the guard; each gradient is checked before its own
 * parameter changes. Sparse gradients are taken as dense there. State is saved with a block, of one
 * device.
 *
 * <p>State lies outside the heap, and threads share a step. {@link #close} frees both; so does
 * closing the model, which DJL's own optimizers do not notice.
 */
public final class MincoverOptimizer extends Optimizer implements AutoCloseable {

  private final Recipe recipe;
  private final @Nullable Block block;
  private final int threads;

  /** Of all parameters of the block; null until the first step, or without a block. */
  private @Nullable BlockOptimizer whole;

  /** The updates of the step that is under way, by DJL's identifier. */
  private final Set<String> updated = new HashSet<>();

  /** Of single parameters, by DJL's identifier and device. */
  private final Map<String, Single> singles = new HashMap<>();

  /** Of parameters that Java cannot reach, by DJL's identifier and device. */
  private final Map<String, EngineSm3> byEngine = new HashMap<>();

  /** Whether the engine's operators step parameters on the CPU as well, for tests. */
  private final boolean alwaysByEngine;

  private boolean closed;

  /** One parameter of one device, and its optimizer. */
  private static final class Single {
    private final BlockParameter parameter;
    private dev.mincover.Optimizer core;
    private NDArray array;

    Single(Recipe recipe, String id, NDArray array, int threads) {
      this.array = array;
      parameter = new BlockParameter(id, id, () -> this.array, false, recipe instanceof Sm3);
      core = dev.mincover.Optimizer.bind(recipe, List.of(parameter.bound()), threads);
    }

    void step(NDArray weight, NDArray gradient) {
      array = weight;
      if (parameter.hasMoved()) {
        core = core.rebind(List.of(parameter.bound()));
      }
      if (!parameter.hasGradient()) {
        return; // What DJL passes are zeros, as for a parameter that the loss does not reach.
      }
      List<NDArray> open = new ArrayList<>();
      try {
        Gradient given = parameter.gradient(gradient, open);
        core.step(Map.of(parameter.name(), given));
      } finally {
        open.forEach(NDArray::close);
      }
    }
  }

  private MincoverOptimizer(Builder builder) {
    super(builder);
    recipe = builder.recipe;
    block = builder.block;
    threads = builder.threads;
    alwaysByEngine = builder.alwaysByEngine;
  }

  /**
   * An optimizer for all parameters of a block, with a thread for each processor.
   *
   * @param block the model's; it need not be initialised yet
   */
  public static MincoverOptimizer of(Recipe recipe, Block block) {
    return builder(recipe).optBlock(block).build();
  }

  /** Starts a builder for an optimizer with this recipe. */
  public static Builder builder(Recipe recipe) {
    return new Builder(recipe);
  }

  /** Makes a {@link MincoverOptimizer}. */
  public static final class Builder extends OptimizerBuilder<Builder> {
    private final Recipe recipe;
    private @Nullable Block block;
    private int threads = Runtime.getRuntime().availableProcessors();
    private boolean alwaysByEngine;

    private Builder(Recipe recipe) {
      this.recipe = recipe;
    }

    /** The block whose parameters are stepped; see {@link MincoverOptimizer}. */
    public Builder optBlock(Block block) {
      this.block = block;
      return this;
    }

    /**
     * How many threads share a step, the caller among them; by default one for each processor.
     *
     * @throws IllegalArgumentException if it is below 1
     */
    public Builder optThreads(int threads) {
      if (threads < 1) {
        throw new IllegalArgumentException(
            "threads is %d; it must be at least 1".formatted(threads));
      }
      this.threads = threads;
      return this;
    }

    /** Leaves all steps to the engine's operators, as for devices that Java cannot reach. */
    Builder alwaysByEngine() {
      alwaysByEngine = true;
      return this;
    }

    @Override
    protected Builder self() {
      return this;
    }

    /**
     * Makes the optimizer.
     *
     * @throws IllegalArgumentException if the recipe needs a block and there is none, or the
     *     builder was given clipping or weight decay, which are the recipe's
     */
    public MincoverOptimizer build() {
      MincoverOptimizer optimizer = new MincoverOptimizer(this);
      optimizer.requireWholeChoices();
      return optimizer;
    }
  }

  private void requireWholeChoices() {
    if (clipGrad > 0 || getWeightDecay() != 0) {
      throw new IllegalArgumentException(
          "clipping and weight decay are choices of the recipe; use clipByValue, clipByGlobalNorm and weightDecay there");
    }
    if (block != null) {
      return;
    }
    String needs = null;
    if (!recipe.options().weightDecay().rules().isEmpty()
        || !recipe.options().multiplier().rules().isEmpty()
        || (recipe instanceof Sm3 sm3 && !sm3.cover().rules().isEmpty())) {
      needs = "options by name";
    } else if (recipe.options().clipNorm() > 0 && !Double.isInfinite(recipe.options().clipNorm())) {
      needs = "clipping by global norm";
    } else if (recipe.options().rounding().stochastic()) {
      needs = "stochastic rounding";
    }
    if (needs != null) {
      throw new IllegalArgumentException(
          "the recipe has %s, for which the block must be known; give it with optBlock(block)"
              .formatted(needs));
    }
  }

  /**
   * {@inheritDoc}
   *
   * <p>DJL calls this for each parameter in turn. The gradient that the weights hold is zero
   * afterwards.
   *
   * @throws dev.mincover.NonFiniteException as the recipe's guard says
   * @throws IllegalStateException if this optimizer is closed, or a gradient does not fit
   */
  @Override
  public synchronized void update(String parameterId, NDArray weight, NDArray grad) {
    if (closed) {
      throw new IllegalStateException("this optimizer is closed; make another one");
    }
    Block owner = block;
    boolean engine = isByEngine(weight);
    if (owner != null && !engine) {
      updateWhole(owner, parameterId);
      return;
    }
    if (rescaleGrad != 1) {
      grad.muli(rescaleGrad);
    }
    String key = key(parameterId, weight);
    if (engine) {
      updateByEngine(key, parameterId, weight, grad);
      return;
    }
    Single single = singles.get(key);
    if (single == null) {
      single = new Single(recipe, parameterId, weight, threads);
      singles.put(key, single);
      closeWith(weight);
    }
    try {
      single.step(weight, grad);
    } finally {
      BlockParameter.clearGradient(weight);
    }
  }

  private void updateByEngine(String key, String id, NDArray weight, NDArray grad) {
    EngineSm3 single = stepper(key, id, weight);
    try {
      if (grad.isSparse()) {
        try (NDArray dense = grad.toDense()) {
          single.step(weight, dense);
        }
      } else {
        single.step(weight, grad);
      }
    } finally {
      BlockParameter.clearGradient(weight);
    }
  }

  private EngineSm3 stepper(String key, String id, NDArray weight) {
    EngineSm3 single = byEngine.get(key);
    if (single == null) {
      single = new EngineSm3(recipe, name(id), weight);
      byEngine.put(key, single);
      closeWith(weight);
    }
    return single;
  }

  /** A parameter's name in the block, by DJL's identifier; without a block, the identifier. */
  private String name(String id) {
    Block owner = block;
    if (owner == null) {
      return id;
    }
    recipe.requireMatches(owner.getParameters().keys());
    for (Pair<String, Parameter> pair : owner.getParameters()) {
      if (pair.getValue().getId().equals(id)) {
        return pair.getKey();
      }
    }
    throw stranger(id);
  }

  private static IllegalStateException stranger(String id) {
    return new IllegalStateException(
        "parameter %s is none of the block's; give the block that is trained".formatted(id));
  }

  private void updateWhole(Block owner, String id) {
    BlockOptimizer all = bound(owner);
    if (!all.learns(id)) {
      throw stranger(id);
    }
    if (!updated.add(id)) { // The first of the next step.
      updated.clear();
      updated.add(id);
    }
    if (updated.size() == 1) {
      all.step();
    }
    if (updated.size() == all.learning()) {
      updated.clear();
    }
  }

  private BlockOptimizer bound(Block owner) {
    BlockOptimizer all = whole;
    if (all == null) {
      all = BlockOptimizer.bind(recipe, owner, threads);
      all.rescaleGradients(rescaleGrad);
      whole = all;
      closeWith(owner.getParameters().get(0).getValue().getArray());
    }
    return all;
  }

  /** DJL tells no optimizer that its training is over, but the model's manager is closed then. */
  private void closeWith(NDArray weight) {
    weight.getManager().attachInternal("mincover-" + System.identityHashCode(this), this);
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
   * Saves weights, state and recipe, as {@link BlockOptimizer#save}: one call beside {@code
   * Model.save}.
   *
   * @param metadata free text by key, such as the epoch; {@link #load} returns it
   * @throws IOException if the file cannot be written; an older one is as it was
   * @throws IllegalStateException if this optimizer has no block, or is closed
   */
  public synchronized void save(Path file, Map<String, String> metadata) throws IOException {
    Block owner = requireBlock();
    if (!isByEngine(owner)) {
      bound(owner).save(file, metadata);
      return;
    }
    try (EngineCheckpoint checkpoint = engineCheckpoint(owner)) {
      checkpoint.save(file, metadata);
    }
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
   * Overwrites the block's weights and the state with those that {@link #save} has written, as
   * {@link BlockOptimizer#load}: one call beside {@code Model.load}, once the block is initialised.
   *
   * @param changes in what this recipe may differ from the one that was saved
   * @return the metadata it was saved with
   * @throws IOException if the file cannot be read or is damaged; nothing has changed
   * @throws IllegalArgumentException if it does not fit; nothing has changed
   * @throws IllegalStateException as {@link #save}
   */
  public synchronized Map<String, String> load(Path file, RecipeChanges changes)
      throws IOException {
    Block owner = requireBlock();
    if (!isByEngine(owner)) {
      return bound(owner).load(file, changes);
    }
    try (EngineCheckpoint checkpoint = engineCheckpoint(owner)) {
      return checkpoint.load(file, changes);
    }
  }

  private Block requireBlock() {
    Block owner = block;
    if (owner == null || closed) {
      throw new IllegalStateException(
          closed
              ? "this optimizer is closed; make another one"
              : "state is saved under the names of a block; make this optimizer with optBlock(block)");
    }
    return owner;
  }

  private boolean isByEngine(NDArray weight) {
    return alwaysByEngine || !ArrayMemory.isReachable(weight);
  }

  private boolean isByEngine(Block owner) {
    for (Pair<String, Parameter> pair : owner.getParameters()) {
      if (pair.getValue().isInitialized() && isByEngine(pair.getValue().getArray())) {
        return true;
      }
    }
    return false;
  }

  private EngineCheckpoint engineCheckpoint(Block owner) {
    Map<String, NDArray> weights = new LinkedHashMap<>();
    Map<String, EngineSm3> steppers = new LinkedHashMap<>();
    Set<String> keys = new HashSet<>();
    for (Pair<String, Parameter> pair : owner.getParameters()) {
      Parameter parameter = pair.getValue();
      NDArray array = parameter.getArray();
      String key = key(parameter.getId(), array);
      if (keys.add(key)) {
        weights.put(pair.getKey(), array);
        if (parameter.requiresGradient()) {
          steppers.put(pair.getKey(), stepper(key, parameter.getId(), array));
        }
      }
    }
    if (!keys.containsAll(byEngine.keySet())) {
      throw new IllegalStateException(
          "the state of parameters on several devices cannot be saved or loaded: %s"
              .formatted(byEngine.keySet()));
    }
    return new EngineCheckpoint(recipe, weights, steppers);
  }

  private static String key(String id, NDArray weight) {
    return id + " on " + weight.getDevice();
  }

  /** Bytes of state that this optimizer holds outside the heap. */
  public synchronized long stateBytes() {
    BlockOptimizer all = whole;
    long bytes = all == null ? 0 : all.core().stateBytes();
    for (Single single : singles.values()) {
      bytes += single.core.stateBytes();
    }
    for (EngineSm3 single : byEngine.values()) {
      bytes += single.stateBytes();
    }
    return bytes;
  }

  /** Frees the state and ends the threads. Weights stay as they are. */
  @Override
  public synchronized void close() {
    closed = true;
    BlockOptimizer all = whole;
    if (all != null) {
      all.close();
    }
    singles.values().forEach(single -> single.core.close());
    byEngine.values().forEach(EngineSm3::close);
    byEngine.clear();
  }
}
