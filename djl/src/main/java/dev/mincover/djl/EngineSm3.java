package dev.mincover.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.mincover.NonFiniteGradientException;
import dev.mincover.average.Average;
import dev.mincover.cover.Cover;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Options;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * SM3 on one parameter by the engine's own operators, for memory that Java cannot reach, such as a
 * GPU's. The rule is core's ({@link Sm3}), and so is the order of its operations. Accumulators have
 * core's bits; weights may not, since an engine's square root need not be the nearest float32.
 *
 * <p>A step goes through the parameter in pieces, so that all that the operators allocate on the
 * way is smaller than the gradient, or than 3 MiB.
 */
final class EngineSm3 implements AutoCloseable {

  /** How many float32 arrays of a piece's shape are alive at once, at most. */
  private static final int TEMPORARIES = 10;

  /** Weights in a piece that is not worth cutting. */
  private static final long SMALL = 1 << 16;

  private final Sm3 recipe;
  private final String name;
  private final NDManager manager;
  private final long small;

  /** Whether each weight has an accumulator of its own. */
  private final boolean each;

  /** The axes whose indices have accumulators otherwise; none if there is one accumulator. */
  private final int[] axes;

  /**
   * For each of the axes, an accumulator for each index, shaped to be broadcast; or one for all; or
   * one of the parameter's shape.
   */
  private final NDArray[] mu;

  private final @Nullable NDArray momentum;
  private long steps;

  /**
   * Allocates the state on the parameter's device.
   *
   * @throws IllegalArgumentException if the recipe has what the operators do not do
   */
  EngineSm3(Recipe recipe, String name, NDArray weight) {
    this(recipe, name, weight, SMALL);
  }

  /**
   * Allocates the state.
   *
   * @param small weights in a piece that is not worth cutting
   */
  EngineSm3(Recipe recipe, String name, NDArray weight, long small) {
    this.small = small;
    this.recipe = requireSupported(recipe, name, weight);
    this.name = name;
    manager = weight.getManager().newSubManager(weight.getDevice());
    long[] shape = weight.getShape().getShape();
    Cover cover = this.recipe.cover().of(name);
    each =
        cover instanceof Cover.Singletons || (!(cover instanceof Cover.Whole) && shape.length < 2);
    axes = each ? new int[0] : axes(cover, shape.length);
    mu = accumulators(shape);
    momentum = this.recipe.momentum().isNone() ? null : manager.zeros(new Shape(shape));
  }

  private static Sm3 requireSupported(Recipe recipe, String name, NDArray weight) {
    String what = null;
    if (!(recipe instanceof Sm3 sm3)) {
      throw refusal(recipe.getClass().getSimpleName(), weight);
    }
    if (sm3.cover().of(name) instanceof Cover.Sets) {
      what = "a cover by sets";
    } else if (!sm3.momentum().isNone() && sm3.momentum().format() != Momentum.Format.FLOAT32) {
      what = "momentum in " + sm3.momentum().format();
    } else if (sm3.options().clipNorm() != Double.POSITIVE_INFINITY) {
      what = "clipping by global norm";
    } else if (sm3.options().rounding().stochastic()) {
      what = "stochastic rounding";
    } else if (!sm3.options().average().equals(Average.none())) {
      what = "an average of the weights";
    }
    if (what != null) {
      throw refusal(what, weight);
    }
    DataType type = weight.getDataType();
    if (type != DataType.FLOAT32 && type != DataType.FLOAT16 && type != DataType.BFLOAT16) {
      throw new IllegalArgumentException(
          "parameter '%s' is %s; only float32, bfloat16 and float16 can be stepped"
              .formatted(name, type));
    }
    return sm3;
  }

  private static IllegalArgumentException refusal(String what, NDArray weight) {
    return new IllegalArgumentException(
        "the recipe has %s, which is not there for parameters on %s; leave it out, or train on the CPU"
            .formatted(what, weight.getDevice()));
  }

  private static int[] axes(Cover cover, int rank) {
    return switch (cover) {
      case Cover.Slices _ -> IntStream.range(0, rank).toArray();
      case Cover.Axes some -> some.axes().stream().mapToInt(Integer::intValue).toArray();
      default -> new int[0];
    };
  }

  private NDArray[] accumulators(long[] shape) {
    if (each) {
      return new NDArray[] {manager.zeros(new Shape(shape))};
    }
    List<NDArray> all = new ArrayList<>();
    for (int axis : axes) {
      if (axis >= shape.length) {
        throw new IllegalArgumentException(
            "the cover of parameter '%s' names axis %d, and its rank is %d"
                .formatted(name, axis, shape.length));
      }
      long[] along = ones(shape.length);
      along[axis] = shape[axis];
      all.add(manager.zeros(new Shape(along)));
    }
    if (all.isEmpty()) {
      all.add(manager.zeros(new Shape(ones(shape.length))));
    }
    return all.toArray(NDArray[]::new);
  }

  private static long[] ones(int rank) {
    return IntStream.range(0, rank).mapToLong(axis -> 1).toArray();
  }

  /**
   * Takes a step; overwrites weights and state.
   *
   * @param gradient of the weight's shape, dense; not changed
   * @throws NonFiniteGradientException as the recipe's guard says
   */
  void step(NDArray weight, NDArray gradient) {
    if (weight.size() == 0) {
      return;
    }
    Options options = recipe.options();
    Pieces pieces = Pieces.of(weight, small);
    boolean good = options.guard() == Guard.UNCHECKED || isGood(gradient, pieces);
    if (!good && options.guard() == Guard.SKIP) {
      return;
    }
    steps++;
    double rate = options.schedule().at(steps) * options.multiplier().of(name);
    float eta = (float) rate;
    float keepWeight = (float) (1 - rate * options.weightDecay().of(name));
    boolean first = recipe.algorithm() == Sm3.Algorithm.SM3_I && !each;
    if (first) {
      NDArray[] largest = maxima(pieces, (piece, scope) -> square(gradient, piece, scope));
      for (int k = 0; k < largest.length; k++) {
        double beta = recipe.secondMoment().beta();
        if (beta < 1) {
          mu[k].muli((float) beta);
          largest[k].muli((float) (1 - beta));
        }
        mu[k].addi(largest[k]);
        largest[k].close();
      }
    }
    NDArray[] largest =
        maxima(pieces, (piece, scope) -> update(weight, gradient, piece, scope, eta, keepWeight));
    for (int k = 0; k < largest.length; k++) {
      if (first) {
        largest[k].close();
      } else {
        mu[k].close();
        mu[k] = largest[k];
      }
    }
  }

  /** What is computed of a piece: an array of its shape. */
  private interface OfPiece {
    NDArray compute(@Nullable Piece piece, Scope scope);
  }

  /** A range of the longest axis. */
  private record Piece(int axis, long from, long to, int rank) {
    /** The same range of an array that is broadcast, or all of it where it has one index only. */
    NDArray of(NDArray array) {
      return array.getShape().get(axis) == 1 ? array : array.get(index());
    }

    private NDIndex index() {
      return new NDIndex().addAllDim(axis).addSliceDim(from, to).addAllDim(rank - axis - 1);
    }
  }

  /** How a parameter is cut. A scalar is not: its one piece is null. */
  private record Pieces(int axis, List<@Nullable Piece> all) {
    static Pieces of(NDArray weight, long small) {
      long[] shape = weight.getShape().getShape();
      List<@Nullable Piece> pieces = new ArrayList<>();
      int axis = 0;
      for (int k = 1; k < shape.length; k++) {
        axis = shape[k] > shape[axis] ? k : axis;
      }
      if (shape.length == 0 || shape[axis] == 1) {
        pieces.add(null);
        return new Pieces(axis, pieces);
      }
      long wanted = (long) TEMPORARIES * Float.BYTES / weight.getDataType().getNumOfBytes();
      long other = weight.size() / shape[axis];
      long length =
          Math.max(Math.ceilDiv(shape[axis], wanted), Math.min(shape[axis], small / other));
      for (long from = 0; from < shape[axis]; from += length) {
        pieces.add(new Piece(axis, from, Math.min(from + length, shape[axis]), shape.length));
      }
      return new Pieces(axis, pieces);
    }
  }

  /** The arrays that live while one piece is computed. */
  private static final class Scope implements AutoCloseable {
    private final NDManager manager;

    Scope(NDManager parent) {
      manager = parent.newSubManager();
    }

    /** A piece's own memory, to be read and overwritten, whatever the engine records. */
    NDArray of(NDArray array, @Nullable Piece piece) {
      NDArray alias = array.stopGradient();
      alias.attach(manager);
      return piece == null ? alias : piece.of(alias);
    }

    @Override
    public void close() {
      manager.close();
    }
  }

  /**
   * Computes all pieces, and returns the largest values for each accumulator, shaped as these are;
   * nothing where each weight has an accumulator of its own.
   */
  private NDArray[] maxima(Pieces pieces, OfPiece pass) {
    NDArray[] maxima = new NDArray[each ? 0 : mu.length];
    NDList along = new NDList(); // The pieces of the accumulators of the axis that is cut.
    for (Piece piece : pieces.all()) {
      try (Scope scope = new Scope(manager)) {
        NDArray values = pass.compute(piece, scope);
        for (int k = 0; k < maxima.length; k++) {
          NDArray largest = largest(values, k);
          NDArray before = maxima[k];
          if (axes.length > 0 && axes[k] == pieces.axis()) {
            along.add(largest);
          } else if (before != null) {
            largest = largest.maximum(before);
            before.close();
          }
          largest.attach(manager);
          maxima[k] = largest;
        }
      }
    }
    for (int k = 0; k < maxima.length; k++) {
      if (axes.length > 0 && axes[k] == pieces.axis() && along.size() > 1) {
        maxima[k] = NDArrays.concat(along, pieces.axis());
        maxima[k].attach(manager);
        along.close();
      }
    }
    return maxima;
  }

  /** The largest values of an array for each index of accumulator k. */
  private NDArray largest(NDArray values, int k) {
    int rank = values.getShape().dimension();
    NDArray largest = values;
    for (int axis = 0; axis < rank; axis++) {
      if (axes.length == 0 || axis != axes[k]) {
        largest = largest.max(new int[] {axis}, true);
      }
    }
    return largest.duplicate(); // Of one index along every other axis, it is the values themselves.
  }

  /** The squared gradients of a piece, for which SM3-I adds up the maxima. */
  private NDArray square(NDArray gradient, @Nullable Piece piece, Scope scope) {
    NDArray g = given(gradient, piece, scope);
    return g.mul(g);
  }

  /** Updates the weights of a piece; returns its nu. */
  private NDArray update(
      NDArray weight,
      NDArray gradient,
      @Nullable Piece piece,
      Scope scope,
      float eta,
      float keepWeight) {
    NDArray g = given(gradient, piece, scope);
    NDArray nu = nu(g, piece, scope);
    NDArray root = (recipe.epsilon() > 0 ? nu.add((float) recipe.epsilon()) : nu).sqrt();
    if (recipe.epsilon() == 0) {
      root.addi(root.eq(0).toType(DataType.FLOAT32, false)); // 0 / 0 is 0.
    }
    NDArray direction = g.div(root);
    NDArray kept = momentum;
    if (kept != null) {
      float beta = (float) recipe.momentum().beta();
      NDArray m = scope.of(kept, piece).muli(beta);
      switch (recipe.momentum().kind()) {
        case AVERAGE -> direction = m.addi(direction.muli((float) (1 - recipe.momentum().beta())));
        case HEAVY_BALL -> direction = m.addi(direction);
        case NESTEROV -> direction.addi(m.addi(direction).mul(beta));
      }
    }
    NDArray w = scope.of(weight, piece);
    NDArray step = direction.mul(eta);
    if (w.getDataType() == DataType.FLOAT32) {
      w.muli(keepWeight).subi(step);
    } else { // Rounded once.
      NDArray exact = w.toType(DataType.FLOAT32, false).muli(keepWeight).subi(step);
      w.subi(w).addi(exact);
    }
    return nu;
  }

  /** The gradient of a piece, clipped and turned as the recipe says; not to be changed. */
  private NDArray given(NDArray gradient, @Nullable Piece piece, Scope scope) {
    NDArray g = scope.of(gradient, piece).toType(DataType.FLOAT32, false);
    double limit = recipe.options().clipValue();
    if (limit != Double.POSITIVE_INFINITY) {
      g = g.clip((float) -limit, (float) limit);
    }
    return recipe.options().maximise() ? g.neg() : g;
  }

  private NDArray nu(NDArray g, @Nullable Piece piece, Scope scope) {
    NDArray least = scope.of(mu[0], piece);
    for (int k = 1; k < mu.length; k++) {
      least = least.minimum(scope.of(mu[k], piece));
    }
    if (recipe.algorithm() == Sm3.Algorithm.SM3_I && !each) {
      return least.add(g.zerosLike());
    }
    double beta = recipe.secondMoment().beta();
    NDArray square = g.mul(g);
    if (each) {
      return beta == 1
          ? least.addi(square)
          : least.muli((float) beta).addi(square.muli((float) (1 - beta)));
    }
    return beta == 1
        ? square.addi(least)
        : square.muli((float) (1 - beta)).addi(least.mul((float) beta));
  }

  /**
   * Whether no value is infinite or NaN, or has a square that is.
   *
   * @throws NonFiniteGradientException if one is, and the recipe refuses it
   */
  private boolean isGood(NDArray gradient, Pieces pieces) {
    for (Piece piece : pieces.all()) {
      try (Scope scope = new Scope(manager)) {
        float largest = given(gradient, piece, scope).abs().max().getFloat();
        if (!Float.isFinite(largest * largest)) {
          refuse(gradient);
          return false;
        }
      }
    }
    return true;
  }

  private void refuse(NDArray gradient) {
    if (recipe.options().guard() != Guard.REFUSE) {
      return;
    }
    try (NDArray all = gradient.toType(DataType.FLOAT32, true)) {
      float[] values = all.toFloatArray();
      for (int i = 0; i < values.length; i++) {
        float clipped = Math.min(Math.abs(values[i]), (float) recipe.options().clipValue());
        if (!Float.isFinite(clipped * clipped)) {
          throw new NonFiniteGradientException(
              name, BlockParameter.shape(gradient).index(i), values[i], false);
        }
      }
    }
  }

  /** The state by the names that checkpoints have. Steps give other arrays. */
  Map<String, NDArray> state() {
    Map<String, NDArray> state = new LinkedHashMap<>();
    for (int k = 0; k < mu.length; k++) {
      state.put(axes.length == 0 ? "mu" : "mu." + axes[k], mu[k]);
    }
    if (momentum != null) {
      state.put("momentum", momentum);
    }
    return state;
  }

  /** Steps in which it had a gradient. */
  long steps() {
    return steps;
  }

  /** Takes over how many steps were taken, once the state has been overwritten. */
  void restoreSteps(long steps) {
    this.steps = steps;
  }

  /** Bytes of state on the device. */
  long stateBytes() {
    long bytes = momentum == null ? 0 : momentum.size() * Float.BYTES;
    for (NDArray accumulators : mu) {
      bytes += accumulators.size() * Float.BYTES;
    }
    return bytes;
  }

  /** Copies of the accumulators, in the order of the cover's axes. */
  float[][] accumulators() {
    return Stream.of(mu).map(NDArray::toFloatArray).toArray(float[][]::new);
  }

  /** Frees the state. */
  @Override
  public void close() {
    manager.close();
  }
}
