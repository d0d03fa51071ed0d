package dev.mincover;

import dev.mincover.internal.rows.RowChecks;
import dev.mincover.internal.rule.Rule;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a bound optimizer refuses before it touches anything. */
public final class BindingChecks {

  /** Stands for the helpers of a step: memory confined to a thread is not accessible by it. */
  private static final Thread ANY_OTHER_THREAD = Thread.ofPlatform().unstarted(() -> {});

  private BindingChecks() {}

  /** Tied weights would be stepped twice; frozen ones may lie over each other. */
  static void requireDistinctMemory(Collection<Parameter> parameters) {
    IdentityHashMap<Object, List<Parameter>> byMemory = new IdentityHashMap<>();
    List<Parameter> heap = new ArrayList<>();
    List<Parameter> hidden = new ArrayList<>();
    for (Parameter parameter : parameters) {
      MemorySegment weights = parameter.weights();
      if (weights.byteSize() == 0) {
        continue;
      }
      if (!weights.isNative()) {
        heap.add(parameter);
      }
      Object base = weights.isNative() ? MemorySegment.NULL : weights.heapBase().orElse(null);
      if (base == null) {
        hidden.add(parameter);
      } else {
        byMemory.computeIfAbsent(base, _ -> new ArrayList<>()).add(parameter);
      }
    }
    byMemory.values().forEach(BindingChecks::requireApart);
    // The array of a read-only segment is not told, so that it has to be compared with all.
    for (Parameter one : hidden) {
      for (Parameter other : heap) {
        if (!one.name().equals(other.name())) {
          requireApart(one, other);
        }
      }
    }
  }

  /** In one memory: sorted by address, it is enough to look back at what reaches furthest. */
  private static void requireApart(List<Parameter> parameters) {
    parameters.sort(Comparator.comparingLong(parameter -> parameter.weights().address()));
    Parameter furthest = null;
    Parameter furthestLearning = null;
    for (Parameter parameter : parameters) {
      requireApart(furthestLearning, parameter);
      if (!parameter.frozen()) {
        requireApart(furthest, parameter);
        furthestLearning = further(furthestLearning, parameter);
      }
      furthest = further(furthest, parameter);
    }
  }

  private static Parameter further(@Nullable Parameter one, Parameter other) {
    return one == null || end(other) > end(one) ? other : one;
  }

  private static long end(Parameter parameter) {
    return parameter.weights().address() + parameter.weights().byteSize();
  }

  private static void requireApart(@Nullable Parameter one, Parameter other) {
    if (one != null
        && !(one.frozen() && other.frozen())
        && one.weights().asOverlappingSlice(other.weights()).isPresent()) {
      throw new IllegalArgumentException(
          "parameters '%s' and '%s' share memory; bind tied weights once, under one name"
              .formatted(one.name(), other.name()));
    }
  }

  /**
   * Refuses memory that a step's threads cannot reach.
   *
   * @param what it holds, in words
   * @param threads how many share a step
   */
  static void requireUsable(String name, String what, MemorySegment segment, int threads) {
    if (!segment.scope().isAlive()) {
      throw new IllegalStateException(
          "the memory of the %s of parameter '%s' was freed; keep its arena open while it is in use"
              .formatted(what, name));
    }
    if (!isUsable(segment, threads)) {
      throw new IllegalStateException(
          "the memory of the %s of parameter '%s' is confined to one thread; allocate it from a shared arena"
              .formatted(what, name));
    }
  }

  /** Whether a step's threads can reach the memory. */
  static boolean isUsable(MemorySegment segment, int threads) {
    return segment.scope().isAlive()
        && segment.isAccessibleBy(threads == 1 ? Thread.currentThread() : ANY_OTHER_THREAD);
  }

  /**
   * Refuses a gradient that a step cannot read.
   *
   * @param rule of the parameter that the gradient is for
   * @param threads how many share a step
   */
  static void requireFitting(Rule rule, Gradient gradient, int threads) {
    Parameter parameter = rule.parameter();
    String name = parameter.name();
    Shape shape = parameter.shape();
    MemorySegment values = gradient.values();
    requireUsable(name, "weights", parameter.weights(), threads);
    requireUsable(name, "gradient", values, threads);
    long needed = shape.size() * gradient.type().bytes();
    if (gradient instanceof Gradient.Rows rows) {
      requireUsable(name, "gradient's indices", rows.indices(), threads);
      String refusal = rule.refusalOfRows();
      if (refusal != null) {
        throw new IllegalArgumentException(
            "parameter '%s' of shape %s takes no sparse gradient: %s"
                .formatted(name, shape, refusal));
      }
      RowChecks.requireRows(name, shape, rows);
      needed = rows.count() * (needed / Math.max(1, shape.dimension(0)));
    }
    if (values.byteSize() != needed) {
      throw new IllegalArgumentException(
          "the gradient of parameter '%s' has %d bytes; %sshape %s needs %d bytes of %s"
              .formatted(
                  name,
                  values.byteSize(),
                  gradient instanceof Gradient.Rows rows ? rows.count() + " rows of " : "",
                  shape,
                  needed,
                  gradient.type()));
    }
  }
}
