package dev.mincover.internal.pass;

import dev.mincover.internal.kernel.Coefficients;
import dev.mincover.internal.kernel.KernelSpec;
import dev.mincover.internal.rows.RowLayout;
import dev.mincover.internal.storage.BFloat16;
import dev.mincover.internal.storage.Float32;
import dev.mincover.internal.storage.Int8;
import dev.mincover.internal.storage.NativeMemory;
import dev.mincover.internal.storage.RandomBits;
import dev.mincover.internal.storage.Storage;
import dev.mincover.internal.thread.ThreadScratch;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Options;
import dev.mincover.recipe.Rounding;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Parameter;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** One parameter in the hands of an optimizer: its weights, its options, its momentum if any. */
public final class LearningTensor {

  public final Parameter parameter;
  public final RowLayout layout;
  public final Storage weights;
  public final @Nullable Storage momentum;

  /** Where a kernel may read and write momentum; null if there is none or it cannot. */
  final @Nullable MemorySegment momentumInPlace;

  final Options options;

  private final Momentum recipe;
  private final double multiplier;
  private final double decay;
  private final Rounding rounding;

  /**
   * A parameter.
   *
   * @param momentum of the recipe's format, from {@link #momentum}; null if the recipe has none
   */
  public LearningTensor(
      Parameter parameter,
      RowLayout layout,
      Options options,
      Momentum recipe,
      @Nullable Storage momentum) {
    this.parameter = parameter;
    this.layout = layout;
    this.options = options;
    this.recipe = recipe;
    this.momentum = momentum;
    String name = parameter.name();
    multiplier = options.multiplier().of(name);
    decay = options.weightDecay().of(name);
    rounding = options.rounding();
    weights = Storage.of(parameter.type(), parameter.weights(), rounding.stochastic());
    momentumInPlace =
        switch (momentum) {
          case Float32 kept -> kept.values();
          case BFloat16 kept when !kept.stochastic() -> kept.values();
          case null, default -> null;
        };
  }

  /** Allocates momentum, zeroed; null if there is none. */
  public static @Nullable Storage momentum(
      Momentum recipe, RowLayout layout, boolean stochastic, NativeMemory memory) {
    if (recipe.isNone()) {
      return null;
    }
    long size = layout.shape().size();
    return switch (recipe.format()) {
      case FLOAT32 -> new Float32(memory.floats(size));
      case BFLOAT16 -> new BFloat16(memory.bytes(2 * size), stochastic);
      case INT8 ->
          new Int8(
              memory.bytes(size),
              memory.floats(Int8.scales(layout.rows(), layout.rowLength())),
              layout.rowLength());
    };
  }

  /** Whether a kernel may read and write the weights where they lie. */
  boolean hasWeightsInPlace() {
    return switch (parameter.type()) {
      case FLOAT32 -> true;
      case BFLOAT16 -> !rounding.stochastic();
      case FLOAT16 -> false;
    };
  }

  /** How momentum is kept. */
  public Momentum recipe() {
    return recipe;
  }

  /** What the random bits of a step, if any, are a function of, besides a weight's index. */
  public long key(long step) {
    return rounding.stochastic() ? RandomBits.key(rounding.seed(), step, parameter.name()) : 0;
  }

  /**
   * Writes the numbers of a step but those of nu.
   *
   * @param eta the learning rate of all parameters
   */
  public void prepare(Coefficients k, double eta) {
    double rate = eta * multiplier;
    k.keepMomentum = (float) recipe.beta();
    k.addMomentum =
        recipe.kind() == Momentum.Kind.AVERAGE ? Coefficients.complement(recipe.beta()) : 1;
    k.eta = (float) rate;
    k.keepWeight = (float) (1 - rate * decay);
  }

  /** What a kernel for all steps of this tensor is made for, but for those of nu. */
  KernelSpec spec(boolean moves, boolean averages, boolean epsilon, boolean fresh) {
    return new KernelSpec(
        moves,
        hasWeightsInPlace() ? parameter.type() : DataType.FLOAT32,
        DataType.FLOAT32,
        momentum == null
            ? null
            : momentumInPlace != null && recipe.format() == Momentum.Format.BFLOAT16
                ? DataType.BFLOAT16
                : DataType.FLOAT32,
        recipe.kind() == Momentum.Kind.NESTEROV,
        options.clipValue() != Double.POSITIVE_INFINITY,
        options.maximise() || options.clipNorm() != Double.POSITIVE_INFINITY,
        averages,
        epsilon,
        decay != 0,
        fresh,
        0);
  }

  /**
   * Ends a step on a stretch of weights: momentum, if any, decay, and the weights themselves.
   *
   * @param at the first weight, in row-major order
   * @param u the direction without momentum; overwritten
   */
  public void move(long at, int n, float[] u, Coefficients k, long key, ThreadScratch scratch) {
    float[] direction = u;
    if (momentum != null) {
      float[] m = scratch.m;
      momentum.load(at, n, m);
      float keep = k.keepMomentum;
      float add = k.addMomentum;
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
    float keep = k.keepWeight;
    float eta = k.eta;
    for (int j = 0; j < n; j++) {
      w[j] = keep * w[j] - eta * direction[j];
    }
    weights.store(at, n, w, key);
  }
}
