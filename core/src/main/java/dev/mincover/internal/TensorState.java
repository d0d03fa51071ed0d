package dev.mincover.internal;

import dev.mincover.Parameter;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/** What an optimizer remembers of one parameter: mu by axis, and momentum if there is any. */
public final class TensorState {

  final RowView view;
  final MemorySegment weights;

  /** An entry an axis: the accumulators of its slices, as float32. */
  final MemorySegment[] mu;

  /** A float32 value a weight, or null without momentum. */
  final @Nullable MemorySegment momentum;

  private final long bytes;

  /** Allocates zeroed state for a parameter that learns. */
  public TensorState(Parameter parameter, boolean withMomentum, Memory memory) {
    long before = memory.bytes();
    view = RowView.of(parameter.shape());
    weights = parameter.weights();
    mu = new MemorySegment[view.families()];
    for (int axis = 0; axis < mu.length; axis++) {
      mu[axis] = memory.floats(view.accumulators(axis));
    }
    momentum = withMomentum ? memory.floats(parameter.shape().size()) : null;
    bytes = memory.bytes() - before;
  }

  /** Bytes obtained for this parameter. */
  public long bytes() {
    return bytes;
  }

  /** The number of weights. */
  public long size() {
    return view.shape().size();
  }

  /** The accumulators, an array an axis, copied to the heap. */
  public float[][] accumulators() {
    float[][] copy = new float[mu.length][];
    for (int axis = 0; axis < mu.length; axis++) {
      copy[axis] = mu[axis].toArray(ValueLayout.JAVA_FLOAT);
    }
    return copy;
  }
}
