package dev.mincover.internal.rule;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.internal.gradient.StepGradient;
import dev.mincover.internal.kernel.Coefficients;
import dev.mincover.internal.kernel.RowKernel;
import dev.mincover.internal.pass.LearningTensor;
import dev.mincover.internal.rows.RowLayout;
import dev.mincover.internal.rows.TensorPart;
import dev.mincover.internal.rows.VisitedRows;
import dev.mincover.internal.storage.NativeMemory;
import dev.mincover.internal.storage.Storage;
import dev.mincover.internal.thread.ThreadScratch;
import dev.mincover.recipe.Adafactor;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Adafactor on one tensor: R by row and C by column of each matrix along the last two axes, or one
 * statistic per weight below rank 2. Sums depend on their order, so that one thread takes a whole
 * tensor, in row-major order.
 */
public final class AdafactorRule extends Rule {

  private final Adafactor recipe;
  private final long matrices;
  private final long rows;
  private final long columns;

  /** R, or of a tensor below rank 2 all statistics. */
  private final MemorySegment byRow;

  /** C; empty below rank 2. */
  private final MemorySegment byColumn;

  private final boolean factored;
  private final Coefficients k = new Coefficients();
  private double eta;
  private float keep;
  private float add;

  private AdafactorRule(LearningTensor tensor, State state, Adafactor recipe, NativeMemory memory) {
    super(tensor, memory);
    this.recipe = recipe;
    factored = state.factored;
    columns = state.columns;
    rows = state.rows;
    matrices = state.matrices;
    byRow = state.byRow;
    byColumn = state.byColumn;
  }

  /** Allocates the state of a parameter that learns. */
  public static AdafactorRule of(Parameter parameter, Adafactor recipe, NativeMemory memory) {
    NativeMemory own = memory.part();
    State state = State.of(parameter.shape(), recipe, own);
    LearningTensor tensor =
        new LearningTensor(
            parameter, state.layout, recipe.options(), recipe.momentum(), state.momentum);
    return new AdafactorRule(tensor, state, recipe, own);
  }

  /** What is allocated before the first step, and the sizes of it. */
  record State(
      RowLayout layout,
      boolean factored,
      long matrices,
      long rows,
      long columns,
      MemorySegment byRow,
      MemorySegment byColumn,
      @Nullable Storage momentum) {
    static State of(Shape shape, Adafactor recipe, NativeMemory memory) {
      RowLayout layout = RowLayout.matrices(shape);
      int rank = shape.rank();
      boolean factored = rank >= 2;
      long columns = factored ? shape.dimension(rank - 1) : shape.size();
      long rows = factored ? shape.dimension(rank - 2) : 1;
      long matrices = factored ? RowLayout.product(shape, 0, rank - 2) : 1;
      return new State(
          layout,
          factored,
          matrices,
          rows,
          columns,
          memory.floats(factored ? matrices * rows : columns),
          memory.floats(factored ? matrices * columns : 0),
          LearningTensor.momentum(
              recipe.momentum(), layout, recipe.options().rounding().stochastic(), memory));
    }
  }

  @Override
  public float[][] accumulators() {
    float[] first = byRow.toArray(JAVA_FLOAT);
    return factored ? new float[][] {first, byColumn.toArray(JAVA_FLOAT)} : new float[][] {first};
  }

  @Override
  public List<NamedTensor> state() {
    List<NamedTensor> state = new ArrayList<>();
    if (factored) {
      state.add(NamedTensor.of("r", Shape.of(matrices * rows), byRow));
      state.add(NamedTensor.of("c", Shape.of(matrices * columns), byColumn));
    } else {
      state.add(NamedTensor.of("v", tensor.layout.shape(), byRow));
    }
    state.addAll(tensor.momentumState());
    return state;
  }

  @Override
  public @Nullable String refusalOfRows() {
    return "Adafactor takes dense gradients; its averages decay everywhere at every step";
  }

  @Override
  public Plan plan(VisitedRows rows, int parts) {
    return new Plan(rows, TensorPart.cut(rows, 1), List.of(), factored ? 2 * columns : 0);
  }

  @Override
  void prepare(StepGradient gradient, double eta) {
    this.eta = eta;
    double beta2 = 1 - Math.pow((double) steps(), -recipe.decayExponent());
    keep = (float) beta2;
    add = Coefficients.complement(beta2);
  }

  @Override
  void run(int pass, Plan plan, int part, ThreadScratch scratch) {
    StepGradient gradient = gradient();
    double size = recipe.relative() ? Math.max(recipe.epsilon2(), weightSize(scratch)) : 1;
    tensor.prepare(k, eta * size);
    double sum = 0;
    for (long matrix = 0; matrix < matrices; matrix++) {
      if (factored) {
        accumulateFactored(matrix, gradient, scratch);
      } else {
        accumulate(gradient, scratch);
      }
      sum += walk(matrix, gradient, scratch, false, 1);
    }
    double rms = Math.sqrt(sum / tensor.layout.shape().size());
    float shrink = (float) (1 / Math.max(1, rms / recipe.clippingThreshold()));
    for (long matrix = 0; matrix < matrices; matrix++) {
      walk(matrix, gradient, scratch, true, shrink);
    }
  }

  /** The root mean square of the weights. */
  private double weightSize(ThreadScratch scratch) {
    long size = tensor.layout.shape().size();
    double sum = 0;
    for (long at = 0; at < size; at += ThreadScratch.TILE) {
      int n = (int) Math.min(ThreadScratch.TILE, size - at);
      tensor.weights.load(at, n, scratch.w);
      sum += sumOfSquares(scratch.w, n);
    }
    return Math.sqrt(sum / size);
  }

  private void accumulate(StepGradient gradient, ThreadScratch scratch) {
    for (long at = 0; at < columns; at += ThreadScratch.TILE) {
      int n = (int) Math.min(ThreadScratch.TILE, columns - at);
      gradient.load(0, at, n, scratch.g, scratch.other);
      for (int j = 0; j < n; j++) {
        average(byRow, at + j, square(scratch.g[j]), scratch);
      }
    }
  }

  private void accumulateFactored(long matrix, StepGradient gradient, ThreadScratch scratch) {
    MemorySegment sums = scratch.maxima.segment();
    for (long column = 0; column < columns; column++) {
      sums.setAtIndex(JAVA_DOUBLE, column, 0);
    }
    for (long row = matrix * rows; row < (matrix + 1) * rows; row++) {
      double rowSum = 0;
      for (long at = 0; at < columns; at += ThreadScratch.TILE) {
        int n = (int) Math.min(ThreadScratch.TILE, columns - at);
        gradient.load(row, at, n, scratch.g, scratch.other);
        for (int j = 0; j < n; j++) {
          double square = square(scratch.g[j]);
          rowSum += square;
          sums.setAtIndex(JAVA_DOUBLE, at + j, sums.getAtIndex(JAVA_DOUBLE, at + j) + square);
        }
      }
      average(byRow, row, rowSum / columns, scratch);
    }
    for (long column = 0; column < columns; column++) {
      double sum = sums.getAtIndex(JAVA_DOUBLE, column);
      average(byColumn, matrix * columns + column, sum / rows, scratch);
    }
  }

  private double square(float g) {
    return (double) g * g + recipe.epsilon1();
  }

  private void average(MemorySegment averages, long i, double value, ThreadScratch scratch) {
    float next = keep * averages.getAtIndex(JAVA_FLOAT, i) + add * (float) value;
    averages.setAtIndex(JAVA_FLOAT, i, next);
    scratch.largest =
        Math.max(scratch.largest, Float.floatToRawIntBits(next) & RowKernel.MAGNITUDE);
  }

  /**
   * Goes over the u of one matrix.
   *
   * @param moves whether weights are moved by it
   * @param shrink what u is multiplied by before it moves weights
   * @return the sum of all u^2 if no weights are moved
   */
  private double walk(
      long matrix, StepGradient gradient, ThreadScratch scratch, boolean moves, float shrink) {
    double meanOfRows = factored ? meanOfRows(matrix) : 1;
    double sum = 0;
    for (long row = matrix * rows; row < (matrix + 1) * rows; row++) {
      double ofRow = factored ? byRow.getAtIndex(JAVA_FLOAT, row) / meanOfRows : 1;
      float rowFactor = (float) (1 / Math.sqrt(ofRow));
      for (long at = 0; at < columns; at += ThreadScratch.TILE) {
        int n = (int) Math.min(ThreadScratch.TILE, columns - at);
        gradient.load(row, at, n, scratch.g, scratch.other);
        MemorySegment statistics = factored ? byColumn : byRow;
        long first = matrix * columns + at;
        for (int j = 0; j < n; j++) {
          float statistic = statistics.getAtIndex(JAVA_FLOAT, first + j);
          scratch.u[j] = scratch.g[j] * rowFactor / (float) Math.sqrt(statistic);
        }
        if (!moves) {
          sum += sumOfSquares(scratch.u, n);
        } else {
          for (int j = 0; j < n; j++) {
            scratch.u[j] *= shrink;
          }
          tensor.move(row * columns + at, n, scratch.u, k, key(), scratch);
        }
      }
    }
    return sum;
  }

  private double meanOfRows(long matrix) {
    double sum = 0;
    for (long row = matrix * rows; row < (matrix + 1) * rows; row++) {
      sum += byRow.getAtIndex(JAVA_FLOAT, row);
    }
    return sum / rows;
  }

  private static double sumOfSquares(float[] values, int n) {
    double sum = 0;
    for (int j = 0; j < n; j++) {
      sum += (double) values[j] * values[j];
    }
    return sum;
  }
}
