package dev.mincover.internal.pass;

import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.checkpoint.StoredType;
import dev.mincover.internal.kernel.Coefficients;
import dev.mincover.internal.kernel.KernelSpec.Feature;
import dev.mincover.internal.rows.RowLayout;
import dev.mincover.internal.storage.BFloat16;
import dev.mincover.internal.storage.Float16;
import dev.mincover.internal.storage.Float32;
import dev.mincover.internal.storage.Int8;
import dev.mincover.internal.storage.NativeMemory;
import dev.mincover.internal.storage.Storage;
import dev.mincover.internal.thread.ThreadScratch;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Options;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One parameter that learns, as a rule sees it: its weights, its momentum if any, and what the
 * options say for it by name. How weights and momentum are stored ends here: kernels and rules see
 * float32 or bfloat16 in place, or decoded float32.
 */
public final class LearningTensor {

  /** The parameter. */
  public final Parameter parameter;

  /** Its rows in a dense step. */
  public final RowLayout layout;

  /** Its weights, to be decoded and encoded. */
  public final Storage weights;

  /** Its momentum, to be decoded and encoded; null without momentum. */
  public final @Nullable Storage momentum;

  /** Where a kernel may read and write momentum; empty if there is none, or it cannot. */
  final MemorySegment momentumInPlace;

  private final TensorOptions options;

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
    this.options = new TensorOptions(parameter.name(), options, recipe);
    this.momentum = momentum;
    weights = Storage.of(parameter.type(), parameter.weights(), options.rounding().stochastic());
    momentumInPlace =
        switch (momentum) {
          case Float32 kept -> kept.values();
          case BFloat16 kept when !kept.stochastic() -> kept.values();
          case null, default -> MemorySegment.NULL;
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

  /** The momentum as it is stored, in its own memory; empty without momentum. */
  public List<NamedTensor> momentumState() {
    Shape shape = layout.shape();
    return switch (momentum) {
      case null -> List.of();
      case Float32 kept -> List.of(NamedTensor.of("momentum", shape, kept.values()));
      case BFloat16 kept ->
          List.of(new NamedTensor("momentum", StoredType.BF16, shape, kept.values()));
      case Float16 kept ->
          List.of(new NamedTensor("momentum", StoredType.F16, shape, kept.values()));
      case Int8 kept ->
          List.of(
              new NamedTensor("momentum.codes", StoredType.I8, shape, kept.codes()),
              NamedTensor.of(
                  "momentum.scales",
                  Shape.of(kept.scales().byteSize() / Float.BYTES),
                  kept.scales()));
    };
  }

  /** Whether a kernel may read and write the weights where they lie. */
  boolean hasWeightsInPlace() {
    return switch (parameter.type()) {
      case FLOAT32 -> true;
      case BFLOAT16 -> !options.rounding().stochastic();
      case FLOAT16 -> false;
    };
  }

  /** How momentum is kept. */
  public Momentum recipe() {
    return options.momentum();
  }

  /** What the random bits of a step, if any, are a function of, besides a weight's index. */
  public long key(long step) {
    return options.key(step);
  }

  /**
   * Writes the numbers of a step but those of nu.
   *
   * @param eta the learning rate of all parameters
   */
  public void prepare(Coefficients k, double eta) {
    options.prepare(k, eta);
  }

  /** Whether a kernel may read and write momentum, if there is any, where it lies. */
  boolean hasMomentumInPlace() {
    return momentum == null || !momentumInPlace.equals(MemorySegment.NULL);
  }

  /** How weights lie for a kernel, decoded ones included. */
  DataType kernelWeights() {
    return hasWeightsInPlace() ? parameter.type() : DataType.FLOAT32;
  }

  /** How momentum lies for a kernel, decoded included; null without momentum. */
  @Nullable DataType kernelMomentum() {
    if (momentum == null) {
      return null;
    }
    boolean half = hasMomentumInPlace() && recipe().format() == Momentum.Format.BFLOAT16;
    return half ? DataType.BFLOAT16 : DataType.FLOAT32;
  }

  /** What the options ask of a kernel. */
  Set<Feature> features() {
    return options.features();
  }

  /**
   * Encodes {@code n} weights from the thread's tile, and notes the first that has left float16's
   * range [1].
   *
   * <p>[1] Of the three formats it is the one whose range, up to 65,504, weights reach. float32 and
   * bfloat16 go up to 3.4e38.
   *
   * @param at index of the first, in row-major order
   * @param key of this step
   */
  void storeWeights(long at, int n, ThreadScratch scratch, long key) {
    weights.store(at, n, scratch.w, key);
    if (weights instanceof Float16 half) {
      long first = half.firstNotFinite(at, n);
      if (first >= 0) {
        scratch.overflowAt = Math.min(scratch.overflowAt, first);
      }
    }
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
      if (recipe().kind() == Momentum.Kind.NESTEROV) {
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
    storeWeights(at, n, scratch, key);
  }
}
