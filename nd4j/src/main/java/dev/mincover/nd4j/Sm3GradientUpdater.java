package dev.mincover.nd4j;

import static java.util.Objects.requireNonNull;

import dev.mincover.Optimizer;
import dev.mincover.Progress;
import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.GradientUpdater;

/**
 * Turns the gradients of one SameDiff variable into updates: core steps weights of 0 up the
 * gradient, which leaves eta * u in them, rounded as core rounds it before it subtracts. SameDiff's
 * own subtraction then gives the bits that core's step of the weights would have given [1].
 *
 * <p>[1] Up, not down, so that an update of 0 is +0, which leaves a weight of -0 alone. The
 * momentum of such a step is core's with the other sign, exactly.
 */
final class Sm3GradientUpdater implements GradientUpdater<Sm3Updater> {

  private static final Cleaner CLEANER = Cleaner.create();

  private static final String NAME = "variable";
  private static final String PREFIX = "optimizer/" + NAME + "/";

  /** The state that counts the steps of the variable, in an array of one int64. */
  private static final String STEPS = "steps";

  private final Sm3Updater config;

  /** Whether the shape may be taken from a gradient: only DL4J gives none and means a vector. */
  private final boolean shapeByGradient;

  /** Of the variable; null until it is known. */
  private @Nullable Shape shape;

  /** State that was saved, until there is an optimizer that can take it. */
  private Map<String, INDArray> saved = Map.of();

  private @Nullable Optimizer core;
  private MemorySegment zeros = MemorySegment.NULL;

  private final Rate rate = new Rate();

  /**
   * The learning rate of the step that is under way; the optimizer holds this and not its owner.
   */
  private static final class Rate {
    double eta;
  }

  Sm3GradientUpdater(Sm3Updater config, boolean shapeByGradient) {
    this.config = config;
    this.shapeByGradient = shapeByGradient;
  }

  @Override
  public Sm3Updater getConfig() {
    return config;
  }

  @Override
  public void setStateViewArray(
      @Nullable INDArray viewArray, long[] gradientShape, char gradientOrder, boolean initialize) {
    Shape given = Shape.of(gradientShape);
    shape = given;
    config.scratch().expect(given.size() * Float.BYTES);
  }

  /** Goes on with the state at the next step. */
  @Override
  public void setState(Map<String, INDArray> stateMap, boolean initialize) {
    saved = new HashMap<>(stateMap);
    if (core != null) {
      core.close();
      core = null;
    }
  }

  /** Copies; empty before the first step. */
  @Override
  public Map<String, INDArray> getState() {
    Optimizer optimizer = core;
    if (optimizer == null) {
      return saved;
    }
    Map<String, INDArray> state = new HashMap<>();
    stateOf(optimizer).forEach((name, tensor) -> state.put(name, StateArrays.copy(tensor)));
    state.put(STEPS, StateArrays.number(optimizer.steps()));
    return state;
  }

  private static Map<String, NamedTensor> stateOf(Optimizer optimizer) {
    Map<String, NamedTensor> state = new LinkedHashMap<>();
    for (NamedTensor tensor : optimizer.state()) {
      if (tensor.name().startsWith(PREFIX)) {
        state.put(tensor.name().substring(PREFIX.length()), tensor);
      }
    }
    return state;
  }

  /**
   * Overwrites a gradient with the update that SameDiff subtracts.
   *
   * @param iteration from 0; says the learning rate
   * @throws dev.mincover.NonFiniteGradientException as the recipe's guard says; the gradient is as
   *     it was
   * @throws IllegalArgumentException if the gradient is not float32, its shape is not the
   *     variable's, or the state that was loaded does not fit it
   * @throws IllegalStateException if DL4J calls
   */
  @Override
  public void applyUpdater(INDArray gradient, int iteration, int epoch) {
    requireUsable(gradient);
    MemoryOrder order = ArrayMemory.order(gradient);
    if (order != null && order.isRowMajor()) {
      overwrite(gradient, iteration, epoch);
    } else {
      INDArray rowMajor = gradient.dup('c');
      overwrite(rowMajor, iteration, epoch);
      gradient.assign(rowMajor);
      rowMajor.close();
    }
  }

  private void overwrite(INDArray rowMajor, int iteration, int epoch) {
    MemorySegment memory = ArrayMemory.of(rowMajor);
    UpdateScratch scratch = config.scratch();
    synchronized (scratch) {
      rate.eta = config.getLearningRate(iteration, epoch);
      Optimizer optimizer = optimizer(scratch.zeros(memory.byteSize()));
      try {
        optimizer.step(Map.of(NAME, Gradient.dense(memory)));
        UpdateScratch.moveTo(memory, zeros);
      } catch (RuntimeException | Error failure) {
        zeros.fill((byte) 0); // They are the other variables', too.
        throw failure;
      } finally {
        Reference.reachabilityFence(rowMajor); // ND4J frees the memory of arrays nobody holds.
      }
    }
  }

  private void requireUsable(INDArray gradient) {
    Shape known = shape;
    if (known == null && !shapeByGradient) {
      throw new IllegalStateException(
          "DL4J gives an updater the parameters of several layers as one vector of %d values, in which SM3 cannot see rows and columns; configure the network with updater(new DeferredUpdater()) and attach a NetworkOptimizer"
              .formatted(gradient.length()));
    }
    ArrayMemory.requireReachable();
    if (gradient.dataType() != DataType.FLOAT) {
      throw new IllegalArgumentException(
          "the gradient is %s, and an Sm3Updater takes FLOAT; an ArrayOptimizer takes BFLOAT16 and FLOAT16 as well"
              .formatted(gradient.dataType()));
    }
    Shape given = Shape.of(gradient.shape());
    if (known == null) {
      shape = given;
    } else if (!known.equals(given)) {
      throw new IllegalArgumentException(
          "the gradient has shape %s, and its variable %s".formatted(given, known));
    }
  }

  /** The optimizer over these zeros, moved there if others needed larger ones. */
  private Optimizer optimizer(MemorySegment now) {
    Optimizer optimizer = core;
    if (optimizer != null && now.address() == zeros.address()) {
      return optimizer;
    }
    List<Parameter> parameters = List.of(Parameter.of(NAME, requireNonNull(shape), now));
    if (optimizer == null) {
      Rate rate = this.rate;
      optimizer = Optimizer.bind(config.recipe(_ -> rate.eta).maximise(), parameters);
      restore(optimizer);
    } else {
      optimizer = optimizer.rebind(parameters);
    }
    core = optimizer;
    zeros = now;
    Optimizer owned = optimizer;
    CLEANER.register(this, owned::close); // SameDiff tells no updater that it is done.
    return optimizer;
  }

  private void restore(Optimizer optimizer) {
    if (saved.isEmpty()) {
      return;
    }
    try {
      Map<String, NamedTensor> state = stateOf(optimizer);
      StateArrays.requireFitting(saved, state, STEPS);
      state.forEach(
          (name, tensor) -> StateArrays.copyBack(requireNonNull(saved.get(name)), tensor));
    } catch (RuntimeException | Error failure) {
      optimizer.close();
      throw failure;
    }
    long steps = requireNonNull(saved.get(STEPS)).getLong(0);
    optimizer.resume(new Progress(steps, 0, Map.of(NAME, steps)));
    saved = Map.of();
  }
}
