package dev.mincover.internal;

import static java.util.Objects.requireNonNull;

import dev.mincover.DataType;
import dev.mincover.Momentum;
import dev.mincover.Options;
import dev.mincover.Parameter;
import dev.mincover.Rounding;
import dev.mincover.internal.storage.BFloat16;
import dev.mincover.internal.storage.Float32;
import dev.mincover.internal.storage.Int8;
import dev.mincover.internal.storage.RandomBits;
import dev.mincover.internal.storage.Storage;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** One parameter in the hands of an optimizer: its weights, its options, its momentum if any. */
final class Tensor {

  final Parameter parameter;
  final RowView view;
  final Storage weights;
  final @Nullable Storage momentum;

  /** Where momentum lies if it is float32, or null. */
  final @Nullable MemorySegment momentumFloats;

  private final Momentum recipe;
  private final double multiplier;
  private final double decay;
  private final Rounding rounding;

  Tensor(Parameter parameter, RowView view, Options options, Momentum recipe, Memory memory) {
    this.parameter = parameter;
    this.view = view;
    this.recipe = recipe;
    String name = parameter.name();
    multiplier = options.multiplier().of(name);
    decay = options.weightDecay().of(name);
    rounding = options.rounding();
    weights = Storage.of(parameter.type(), parameter.weights(), rounding.stochastic());
    long size = parameter.shape().size();
    if (recipe.isNone()) {
      momentumFloats = null;
      momentum = null;
    } else {
      momentumFloats = recipe.format() == Momentum.Format.FLOAT32 ? memory.floats(size) : null;
      momentum =
          switch (recipe.format()) {
            case FLOAT32 -> new Float32(requireNonNull(momentumFloats));
            case BFLOAT16 -> new BFloat16(memory.bytes(2 * size), rounding.stochastic());
            case INT8 ->
                new Int8(
                    memory.bytes(size),
                    memory.floats(Int8.scales(view.rows(), view.rowLength())),
                    view.rowLength());
          };
    }
  }

  /** Whether a kernel may do a whole step where the weights and the momentum lie. */
  boolean isFusible() {
    return parameter.type() == DataType.FLOAT32
        && (momentum == null
            || (momentumFloats != null && recipe.kind() != Momentum.Kind.NESTEROV));
  }

  /** How momentum is kept. */
  Momentum recipe() {
    return recipe;
  }

  /** What the random bits of a step, if any, are a function of, besides a weight's index. */
  long key(long step) {
    return rounding.stochastic() ? RandomBits.key(rounding.seed(), step, parameter.name()) : 0;
  }

  /**
   * The numbers of a step.
   *
   * @param eta the learning rate of all parameters
   */
  Coefficients coefficients(double eta, float keepNu, float addNu, float epsilon) {
    double rate = eta * multiplier;
    boolean average = recipe.kind() == Momentum.Kind.AVERAGE;
    return new Coefficients(
        keepNu,
        addNu,
        epsilon,
        (float) recipe.beta(),
        average ? Coefficients.complement(recipe.beta()) : 1,
        (float) rate,
        (float) (1 - rate * decay));
  }

  /** The numbers of a step that only moves weights by a direction found elsewhere. */
  Coefficients coefficients(double eta) {
    return coefficients(eta, 0, 0, 0);
  }

  /**
   * Ends a step on a stretch of weights: momentum, if any, decay, and the weights themselves.
   *
   * @param at the first weight, in row-major order
   * @param u the direction without momentum; overwritten
   */
  void move(long at, int n, float[] u, Coefficients k, long key, Scratch scratch) {
    float[] direction = u;
    if (momentum != null) {
      float[] m = scratch.m;
      momentum.load(at, n, m);
      float keep = k.keepMomentum();
      float add = k.addMomentum();
      for (int j = 0; j < n; j++) {
        m[j] = keep * m[j] + add * u[j];
      }
      momentum.store(at, n, m, ~key); // Other random bits than the weights'.
      if (recipe.kind() == Momentum.Kind.NESTEROV) {
        for (int j = 0; j < n; j++) {
          u[j] += keep * m[j];
        }
      } else {
        direction = m;
      }
    }
    float[] w = scratch.w;
    weights.load(at, n, w);
    float keep = k.keepWeight();
    float eta = k.eta();
    for (int j = 0; j < n; j++) {
      w[j] = keep * w[j] - eta * direction[j];
    }
    weights.store(at, n, w, key);
  }
}
