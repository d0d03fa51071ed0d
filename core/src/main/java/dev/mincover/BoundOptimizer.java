package dev.mincover;

import dev.mincover.internal.Coefficients;
import dev.mincover.internal.Memory;
import dev.mincover.internal.RowPass;
import dev.mincover.internal.Step;
import dev.mincover.internal.TensorState;
import dev.mincover.schedule.Schedule;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An optimizer bound to its parameters: it owns their state, in memory outside the heap, and the
 * threads that share a step. Close it to free both; the weights stay.
 *
 * <p>Calls from several threads are taken one at a time.
 */
public final class BoundOptimizer implements AutoCloseable {

  /** Stands for the helpers of a step: memory confined to a thread is not accessible by it. */
  private static final Thread ANY_OTHER_THREAD = Thread.ofPlatform().unstarted(() -> {});

  private final Schedule learningRate;
  private final Map<String, Parameter> parameters = new LinkedHashMap<>();

  /** Parameters that learn, and by the same index their states and the gradients of a step. */
  private final List<Parameter> learning = new ArrayList<>();

  private final List<TensorState> states = new ArrayList<>();
  private final @Nullable MemorySegment[] gradients;
  private final Memory memory = new Memory();
  private final Step step;
  private final int threads;
  private long steps;
  private boolean closed;

  BoundOptimizer(
      Schedule learningRate,
      Coefficients coefficients,
      Collection<Parameter> parameters,
      int threads) {
    if (threads < 1) {
      throw new IllegalArgumentException("threads is %d; it must be at least 1".formatted(threads));
    }
    this.learningRate = learningRate;
    this.threads = threads;
    for (Parameter parameter : parameters) {
      if (this.parameters.put(parameter.name(), parameter) != null) {
        throw new IllegalArgumentException(
            "two parameters are named '%s'; give each a name of its own"
                .formatted(parameter.name()));
      }
      if (!parameter.frozen()) {
        learning.add(parameter);
      }
    }
    requireDistinctMemory(this.parameters.values());
    try {
      for (Parameter parameter : learning) {
        states.add(new TensorState(parameter, coefficients.keepMomentum() != 0, memory));
      }
      gradients = new MemorySegment[learning.size()];
      step = new Step(states, new RowPass(coefficients), threads, memory);
    } catch (RuntimeException | Error failure) {
      memory.close();
      throw failure;
    }
  }

  /**
   * Takes one step: overwrites the weights of every parameter that has a gradient. A parameter
   * without one keeps its weights, accumulators and momentum as they are. Everything is checked
   * before anything changes, except that gradients are not checked for NaN and infinity.
   *
   * @param gradients by parameter name; none for a frozen parameter
   * @throws IllegalArgumentException if a name is unknown or frozen, or a gradient's size is not
   *     its parameter's
   * @throws IllegalStateException if this optimizer is closed, the memory of a weight or gradient
   *     is freed or confined to a thread while others share the step, or the schedule gives a rate
   *     that is negative or not finite in float32
   */
  public synchronized void step(Map<String, Gradient> gradients) {
    requireOpen();
    int found = 0;
    for (int i = 0; i < states.size(); i++) {
      Parameter parameter = learning.get(i);
      Gradient gradient = gradients.get(parameter.name());
      this.gradients[i] = gradient == null ? null : values(parameter, gradient);
      found += gradient == null ? 0 : 1;
    }
    if (found < gradients.size()) {
      refuseUnused(gradients);
    }
    double eta = learningRate.at(steps + 1);
    if (!(eta >= 0) || Float.isInfinite((float) eta)) {
      throw new IllegalStateException(
          "the schedule gives a learning rate of %s at step %d; it must be finite and at least 0"
              .formatted(eta, steps + 1));
    }
    try {
      step.run(this.gradients, (float) eta);
    } finally {
      Arrays.fill(this.gradients, null);
    }
    steps++;
  }

  /** Steps taken so far. */
  public synchronized long steps() {
    return steps;
  }

  /** The parameters by name, in the order given, frozen ones included. */
  public Collection<Parameter> parameters() {
    return List.copyOf(parameters.values());
  }

  /**
   * All bytes this optimizer asked for outside the heap: accumulators and momentum of every
   * parameter, and {@link #scratchBytes}; the allocator's own padding is not counted.
   */
  public long stateBytes() {
    return memory.bytes();
  }

  /**
   * Bytes obtained for the accumulators and momentum of one parameter; 0 if it is frozen.
   *
   * @throws IllegalArgumentException if no parameter has that name
   */
  public long stateBytes(String name) {
    return requireParameter(name).frozen() ? 0 : state(name).bytes();
  }

  /** Bytes of working memory that a step's threads share among all parameters. */
  public long scratchBytes() {
    return stateBytes() - states.stream().mapToLong(TensorState::bytes).sum();
  }

  /**
   * The accumulators mu of one parameter, copied: an array an axis, with a value a slice; for ranks
   * 0 and 1 one array with a value a weight.
   *
   * @throws IllegalArgumentException if no parameter has that name or it is frozen
   * @throws IllegalStateException if this optimizer is closed
   */
  public synchronized float[][] accumulators(String name) {
    requireOpen();
    if (requireParameter(name).frozen()) {
      throw new IllegalArgumentException(
          "parameter '%s' is frozen and has no accumulators".formatted(name));
    }
    return state(name).accumulators();
  }

  /** Frees the state and ends the threads; weights stay as they are. Closing again does nothing. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      step.close();
      memory.close();
    }
  }

  private MemorySegment values(Parameter parameter, Gradient gradient) {
    MemorySegment values =
        switch (gradient) {
          case Gradient.Dense dense -> dense.values();
        };
    if (values.byteSize() != parameter.weights().byteSize()) {
      throw new IllegalArgumentException(
          "the gradient of parameter '%s' has %d bytes; shape %s needs %d bytes of float32"
              .formatted(
                  parameter.name(),
                  values.byteSize(),
                  parameter.shape(),
                  parameter.weights().byteSize()));
    }
    requireUsable(parameter.name(), "weights", parameter.weights());
    requireUsable(parameter.name(), "gradient", values);
    return values;
  }

  private void requireUsable(String name, String what, MemorySegment segment) {
    if (!segment.scope().isAlive()) {
      throw new IllegalStateException(
          "the %s of parameter '%s' were freed; keep their arena open while they are in use"
              .formatted(what, name));
    }
    Thread last = threads == 1 ? Thread.currentThread() : ANY_OTHER_THREAD;
    if (!segment.isAccessibleBy(last)) {
      throw new IllegalStateException(
          "the %s of parameter '%s' are confined to one thread; allocate them from a shared arena"
              .formatted(what, name));
    }
  }

  private void refuseUnused(Map<String, Gradient> gradients) {
    for (String name : gradients.keySet()) {
      if (requireParameter(name).frozen()) {
        throw new IllegalArgumentException(
            "parameter '%s' is frozen but was given a gradient; leave it out".formatted(name));
      }
    }
  }

  private Parameter requireParameter(String name) {
    Parameter parameter = parameters.get(name);
    if (parameter == null) {
      throw new IllegalArgumentException(
          "no parameter is named '%s'; bound are %s".formatted(name, parameters.keySet()));
    }
    return parameter;
  }

  private TensorState state(String name) {
    for (int i = 0; i < learning.size(); i++) {
      if (learning.get(i).name().equals(name)) {
        return states.get(i);
      }
    }
    throw new AssertionError(name);
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("this optimizer is closed; bind the recipe again");
    }
  }

  /** Tied weights would be stepped twice: by sorting, two that overlap become neighbours. */
  private static void requireDistinctMemory(Collection<Parameter> parameters) {
    List<Parameter> sorted = new ArrayList<>(parameters);
    sorted.removeIf(parameter -> parameter.weights().byteSize() == 0);
    sorted.sort(
        Comparator.<Parameter>comparingInt(
                p -> p.weights().heapBase().map(System::identityHashCode).orElse(0))
            .thenComparingLong(p -> p.weights().address()));
    for (int i = 1; i < sorted.size(); i++) {
      Parameter one = sorted.get(i - 1);
      Parameter other = sorted.get(i);
      if (!(one.frozen() && other.frozen())
          && one.weights().asOverlappingSlice(other.weights()).isPresent()) {
        throw new IllegalArgumentException(
            "parameters '%s' and '%s' share memory; bind tied weights once, under one name"
                .formatted(one.name(), other.name()));
      }
    }
  }
}
