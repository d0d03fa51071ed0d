package dev.mincover.tensorflow;

import static java.util.Objects.requireNonNull;

import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Options;
import dev.mincover.recipe.Sm3;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Operand;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Variable;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/** The operators that step one variable, in core's order of operations. */
final class Sm3Variable {

  private final Sm3 recipe;
  private final Options options;
  private final Sm3State state;
  private final String name;

  /** What is computed before anything is assigned: the new values of the state. */
  private final Map<Variable<TFloat32>, Operand<TFloat32>> next = new LinkedHashMap<>();

  private @Nullable Operand<TFloat32> direction;

  Sm3Variable(Sm3 recipe, Sm3State state) {
    this.recipe = recipe;
    this.options = recipe.options();
    this.state = state;
    name = state.weights().op().name();
  }

  Sm3State state() {
    return state;
  }

  /**
   * Adds the operators that compute the new state and the direction, from which the weights move
   * away by the learning rate.
   */
  Op compute(Ops tf, Operand<TFloat32> gradient) {
    Operand<TFloat32> g = transformed(tf, gradient);
    Operand<TFloat32> square = tf.math.mul(g, g);
    if (options.guard() != Guard.UNCHECKED && state.weights().shape().size() > 0) {
      square = checked(tf, square);
    }
    Operand<TFloat32> nu = nu(tf, square);
    Operand<TFloat32> root =
        tf.math.sqrt(recipe.epsilon() > 0 ? tf.math.add(nu, constant(tf, recipe.epsilon())) : nu);
    // 0 / 0 is 0. TensorFlow replaces a plain division by a root with a product of less precision.
    Operand<TFloat32> u = tf.math.divNoNan(g, root);
    Operand<TFloat32> moved = momentum(tf, u);
    direction = moved;
    return moved;
  }

  /** Checks the largest value for all: to check each takes as long as the rest of a step. */
  private Operand<TFloat32> checked(Ops tf, Operand<TFloat32> square) {
    int rank = state.weights().shape().numDimensions();
    Operand<TFloat32> largest =
        tf.reduceMax(square, tf.constant(IntStream.range(0, rank).toArray()));
    String refusal =
        "the gradient of variable '%s' is not finite, or its square is not; nothing was changed"
            .formatted(name);
    Op check = tf.debugging.checkNumerics(largest, refusal);
    return tf.withControlDependencies(check).identity(square);
  }

  private Operand<TFloat32> transformed(Ops tf, Operand<TFloat32> gradient) {
    Operand<TFloat32> g = gradient;
    double limit = options.clipValue();
    if (limit != Double.POSITIVE_INFINITY) {
      Operand<TFloat32> below = tf.math.minimum(g, constant(tf, limit));
      g = tf.math.maximum(below, constant(tf, -limit));
    }
    return options.maximise() ? tf.math.neg(g) : g;
  }

  private static Operand<TFloat32> constant(Ops tf, double value) {
    return tf.constant((float) value);
  }

  private Operand<TFloat32> nu(Ops tf, Operand<TFloat32> square) {
    boolean first = recipe.algorithm() == Sm3.Algorithm.SM3_I && !state.isForEach();
    Operand<TFloat32> least = null;
    for (int k = 0; k < state.accumulators().size(); k++) {
      Variable<TFloat32> mu = state.accumulators().get(k);
      Operand<TFloat32> broadcast = mu;
      if (first) {
        Operand<TFloat32> sum = sum(tf, mu, largest(tf, square, k));
        next.put(mu, sum);
        broadcast = sum;
      }
      broadcast = broadcast(tf, broadcast, k);
      least = least == null ? broadcast : tf.math.minimum(least, broadcast);
    }
    if (first) {
      return requireNonNull(least);
    }
    Operand<TFloat32> nu = sum(tf, requireNonNull(least), square);
    for (int k = 0; k < state.accumulators().size(); k++) {
      next.put(state.accumulators().get(k), state.isForEach() ? nu : largest(tf, nu, k));
    }
    return nu;
  }

  /** The old plus the new, or a moving average of both. */
  private Operand<TFloat32> sum(Ops tf, Operand<TFloat32> old, Operand<TFloat32> added) {
    double beta = recipe.secondMoment().beta();
    return beta == 1
        ? tf.math.add(old, added)
        : tf.math.add(
            tf.math.mul(constant(tf, beta), old), tf.math.mul(constant(tf, 1 - beta), added));
  }

  /** An accumulator, shaped so that it is repeated along the other axes. */
  private Operand<TFloat32> broadcast(Ops tf, Operand<TFloat32> mu, int k) {
    int rank = state.weights().shape().numDimensions();
    if (state.axes().length == 0) {
      return mu;
    }
    long[] shape = new long[rank];
    Arrays.fill(shape, 1);
    shape[state.axes()[k]] = state.weights().shape().get(state.axes()[k]);
    return tf.reshape(mu, tf.constant(shape));
  }

  /** The largest value for each index of an accumulator. */
  private Operand<TFloat32> largest(Ops tf, Operand<TFloat32> values, int k) {
    int rank = state.weights().shape().numDimensions();
    int[] others =
        IntStream.range(0, rank)
            .filter(axis -> state.axes().length == 0 || axis != state.axes()[k])
            .toArray();
    // Of no values the largest is -Infinity; those there are, are at least 0.
    Operand<TFloat32> largest = tf.reduceMax(values, tf.constant(others));
    return state.weights().shape().size() == 0
        ? tf.math.maximum(largest, tf.constant(0f))
        : largest;
  }

  private Operand<TFloat32> momentum(Ops tf, Operand<TFloat32> u) {
    Variable<TFloat32> m = state.momentum();
    if (m == null) {
      return u;
    }
    Momentum momentum = recipe.momentum();
    Operand<TFloat32> kept = tf.math.mul(constant(tf, momentum.beta()), m);
    Operand<TFloat32> sum =
        momentum.kind() == Momentum.Kind.AVERAGE
            ? tf.math.add(kept, tf.math.mul(constant(tf, 1 - momentum.beta()), u))
            : tf.math.add(kept, u);
    next.put(m, sum);
    return momentum.kind() == Momentum.Kind.NESTEROV
        ? tf.math.add(u, tf.math.mul(constant(tf, momentum.beta()), sum))
        : sum;
  }

  /**
   * Adds the operators that change state and weights.
   *
   * @param tf gives operators that wait for the directions of all variables
   * @param rate the learning rate, in double precision: multipliers are rounded once, as in core
   */
  List<Op> update(Ops tf, Operand<TFloat64> rate) {
    List<Op> updates = new ArrayList<>();
    next.forEach((variable, value) -> updates.add(tf.assign(variable, value)));
    Operand<TFloat64> scaled = tf.math.mul(rate, tf.constant(options.multiplier().of(name)));
    Operand<TFloat32> eta = tf.dtypes.cast(scaled, TFloat32.class);
    Operand<TFloat32> change = tf.math.mul(eta, requireNonNull(direction));
    double decay = options.weightDecay().of(name);
    if (decay == 0) {
      updates.add(tf.assignSub(state.weights(), change));
    } else {
      Operand<TFloat64> lost = tf.math.mul(scaled, tf.constant(decay));
      Operand<TFloat32> keep = tf.dtypes.cast(tf.math.sub(tf.constant(1.0), lost), TFloat32.class);
      Operand<TFloat32> kept = tf.math.mul(keep, state.weights());
      updates.add(tf.assign(state.weights(), tf.math.sub(kept, change)));
    }
    return updates;
  }
}
