package dev.mincover.internal.pass;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.mincover.internal.gradient.StepGradient;
import dev.mincover.internal.kernel.Coefficients;
import dev.mincover.internal.kernel.KernelSpec;
import dev.mincover.internal.kernel.Kernels;
import dev.mincover.internal.kernel.Operands;
import dev.mincover.internal.kernel.RowKernel;
import dev.mincover.internal.pass.CoverAccumulators.Along;
import dev.mincover.internal.rows.TensorPart;
import dev.mincover.internal.rows.VisitedRows;
import dev.mincover.internal.storage.Storage;
import dev.mincover.internal.thread.ThreadScratch;
import dev.mincover.tensor.DataType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The one loop over rows, for one tensor. A pass over a part of it reads the mu of the step before,
 * moves the weights and leaves the new maxima in scratch memory, to be merged and committed.
 *
 * <p>Columns are taken in tiles, so that c and c' stay in a near cache [1], and rows in blocks, so
 * that a tile of c is fetched once for several rows and a kernel is called once for all of them.
 * None of this is visible in the result. What the kernel cannot work on where it lies, it finds
 * decoded in the thread's scratch memory [2]: the same operations in the same order, and equal
 * bits.
 *
 * <p>[1] A tile of c and c' is 128 KiB, for the second nearest. Shorter ones would fit the nearest,
 * but g and w are what counts, and the processor fetches those ahead only along stretches of many
 * pages. [2] Gradients that are float16 or given in several pieces, weights that are float16 or
 * rounded stochastically, momentum in int8 or rounded so; {@link ThreadScratch#TILE} values at a
 * time.
 */
public final class RowPass {

  static final int TILE = 1 << 14;
  public static final int BLOCK = 32;

  // Where decoded operands lie among a thread's tiles, in bytes.
  private static final long G_TILE = 0;
  private static final long M_TILE = ThreadScratch.TILE * (long) Float.BYTES;
  private static final long W_TILE = 2 * M_TILE;

  /** Rows of up to so many values are narrow. */
  private static final int NARROW = 256;

  /**
   * What a pass is for.
   *
   * @param moves whether weights are moved; if not, only maxima are taken and r counts as 0
   * @param raises whether the maxima will be committed
   */
  public record Purpose(boolean moves, boolean raises, float keepNu, float addNu, float epsilon) {

    /** Whether nu is weighted; not so of a sum. */
    boolean averages() {
      return keepNu != 1 || addNu != 1; // A beta just below 1 is 1 in float32, 1 - beta is not 0.
    }
  }

  private final Kernels kernels;
  private final LearningTensor tensor;
  private final CoverAccumulators mu;
  private final Purpose purpose;
  private final KernelSpec spec;
  private final boolean weightsInPlace;
  private final boolean momentumInPlace;

  /** Values of a register that fill narrow rows; 0 if rows are not narrow. */
  private final int narrowLanes;

  // Of the step under way.
  private final Coefficients k = new Coefficients();
  private DataType gradientType = DataType.FLOAT32;
  private RowKernel direct;
  private RowKernel narrow;
  private final RowKernel staged;
  private long key;

  public RowPass(Kernels kernels, LearningTensor tensor, CoverAccumulators mu, Purpose purpose) {
    this.kernels = kernels;
    this.tensor = tensor;
    this.mu = mu;
    this.purpose = purpose;
    boolean fresh = mu.along == Along.EACH || mu.along == Along.SETS;
    spec = tensor.spec(purpose.moves, purpose.averages(), purpose.epsilon != 0, fresh);
    weightsInPlace = tensor.hasWeightsInPlace();
    momentumInPlace = tensor.momentum == null || tensor.momentumInPlace != null;
    staged = kernels.of(spec);
    long rowLength = tensor.layout.rowLength();
    narrowLanes = rowLength <= NARROW && sharesColumns() ? kernels.narrow(rowLength) : 0;
    direct = staged;
    narrow = narrowKernel();
    k.keepNu = purpose.keepNu;
    k.addNu = purpose.addNu;
    k.epsilon = purpose.epsilon;
  }

  /** Before the parts of a step. */
  public void begin(StepGradient gradient, double eta, long key) {
    this.key = key;
    tensor.prepare(k, eta);
    k.limit = gradient.limit();
    k.scale = gradient.scale();
    if (gradient.type() != gradientType) {
      gradientType = gradient.type();
      direct = isReadable() ? kernels.of(spec.with(gradientType, 0)) : staged;
      narrow = narrowKernel();
    }
  }

  private RowKernel narrowKernel() {
    return narrowLanes > 0 && isReadable()
        ? kernels.of(spec.with(gradientType, narrowLanes))
        : staged;
  }

  /** Whether all rows lie under the same c and c'. */
  private boolean sharesColumns() {
    return mu.along == Along.AXIS || mu.along == Along.FOLDED || mu.along == Along.NONE;
  }

  /** Whether kernels can read gradients of this type. */
  private boolean isReadable() {
    return gradientType != DataType.FLOAT16;
  }

  /** Whether the thread's tiles are needed for a gradient. */
  public boolean needsTiles(StepGradient gradient) {
    return !gradient.isDirect() || (purpose.moves && !(weightsInPlace && momentumInPlace));
  }

  /** Passes over one part and leaves its maxima in scratch memory. */
  public void run(
      StepGradient gradient, TensorPart part, ScratchMaxima maxima, ThreadScratch scratch) {
    VisitedRows rows = gradient.rows();
    long rowLength = rows.layout.rowLength();
    MemorySegment memory = scratch.memory.segment();
    Along along = mu.along;
    Operands x = scratch.operands;
    x.k = k;
    x.c = along == Along.AXIS ? mu.columns[0].mu() : along == Along.EACH ? mu.all : memory;
    x.cNew = along == Along.EACH ? mu.all : memory;
    maxima.clear(memory);
    boolean together = sharesColumns() && !rows.isSparse() && !needsTiles(gradient);
    int largest = 0;
    for (long first = part.from(); first < part.to(); first += BLOCK) {
      int count = (int) Math.min(BLOCK, part.to() - first);
      rows.rows(first, count, scratch.row);
      if (purpose.moves) {
        mu.leadingMinima(scratch.row, count, x.r);
      } else {
        Arrays.fill(x.r, 0, count, 0);
      }
      Arrays.fill(x.rNew, 0, count, 0);
      for (long column = part.column0(); column < part.column1(); column += TILE) {
        int n = (int) Math.min(TILE, part.column1() - column);
        long inPart = (column - part.column0()) * Float.BYTES;
        long cAt =
            switch (along) {
              case AXIS -> column * Float.BYTES;
              case FOLDED -> maxima.laidOutAt + inPart;
              case NONE, SETS, EACH -> maxima.laidOutAt;
            };
        long cNewAt =
            along == Along.AXIS || along == Along.FOLDED
                ? maxima.trailingAt + inPart
                : maxima.trailingAt;
        if (together) {
          long at = first * rowLength + column;
          useInPlace(x, gradient);
          (narrowLanes > 0 && n == rowLength ? narrow : direct)
              .step(
                  x,
                  at * spec.weights().bytes(),
                  at * momentumBytes(),
                  at * gradientType.bytes(),
                  cAt,
                  cNewAt,
                  n,
                  rowLength,
                  0,
                  count);
          continue;
        }
        for (int i = 0; i < count; i++) {
          long at = scratch.row[i] * rowLength + column;
          if (along == Along.EACH) {
            cAt = at * Float.BYTES;
            cNewAt = cAt;
          } else if (along == Along.SETS) {
            mu.layOutSets(at, n, memory, cAt);
          }
          stretch(x, gradient, first + i, column, at, cAt, cNewAt, n, i, scratch);
          if (along == Along.SETS && purpose.raises) {
            maxima.raiseSets(memory, at, n);
          }
        }
      }
      maxima.raiseLeading(memory, first, count, scratch);
      for (int i = 0; i < count; i++) {
        largest = Math.max(largest, x.rNew[i]);
      }
    }
    scratch.largest = largest;
  }

  private void useInPlace(Operands x, StepGradient gradient) {
    x.g = gradient.segment();
    x.w = tensor.parameter.weights();
    MemorySegment m = tensor.momentumInPlace;
    x.m = m == null ? MemorySegment.NULL : m;
  }

  private int momentumBytes() {
    @Nullable DataType momentum = spec.momentum();
    return momentum == null ? 0 : momentum.bytes();
  }

  /** A stretch of one row, in as many pieces as decoding it takes. */
  private void stretch(
      Operands x,
      StepGradient gradient,
      long position,
      long column,
      long at,
      long cAt,
      long cNewAt,
      int n,
      int row,
      ThreadScratch scratch) {
    boolean isDirect = gradient.isDirect(position);
    if (isDirect && weightsInPlace && momentumInPlace) {
      piece(x, gradient, position, column, at, cAt, cNewAt, n, row, scratch);
      return;
    }
    for (int j = 0; j < n; j += ThreadScratch.TILE) {
      int length = Math.min(ThreadScratch.TILE, n - j);
      long o = (long) j * Float.BYTES;
      piece(x, gradient, position, column + j, at + j, cAt + o, cNewAt + o, length, row, scratch);
    }
  }

  /** Decoded into the thread's tiles and encoded again where a kernel needs it. */
  private void piece(
      Operands x,
      StepGradient gradient,
      long position,
      long column,
      long at,
      long cAt,
      long cNewAt,
      int n,
      int row,
      ThreadScratch scratch) {
    useInPlace(x, gradient);
    MemorySegment tiles = scratch.tiles();
    RowKernel kernel = direct;
    long gAt = G_TILE;
    if (gradient.isDirect(position)) {
      gAt = gradient.directAt(position, column);
    } else {
      kernel = staged;
      gradient.loadRow(position, column, n, scratch.g, scratch.other);
      MemorySegment.copy(scratch.g, 0, tiles, JAVA_FLOAT, gAt, n);
      x.g = tiles;
    }
    long wAt = at * spec.weights().bytes();
    long mAt = at * momentumBytes();
    boolean stagesWeights = purpose.moves && !weightsInPlace;
    if (stagesWeights) {
      wAt = W_TILE;
      tensor.weights.load(at, n, scratch.w);
      MemorySegment.copy(scratch.w, 0, tiles, JAVA_FLOAT, wAt, n);
      x.w = tiles;
    }
    Storage momentum = purpose.moves && !momentumInPlace ? tensor.momentum : null;
    if (momentum != null) {
      mAt = M_TILE;
      momentum.load(at, n, scratch.m);
      MemorySegment.copy(scratch.m, 0, tiles, JAVA_FLOAT, mAt, n);
      x.m = tiles;
    }
    kernel.step(x, wAt, mAt, gAt, cAt, cNewAt, n, n, row, 1);
    if (momentum != null) {
      MemorySegment.copy(tiles, JAVA_FLOAT, mAt, scratch.m, 0, n);
      momentum.store(at, n, scratch.m, ~key); // Other random bits than the weights'.
    }
    if (stagesWeights) {
      MemorySegment.copy(tiles, JAVA_FLOAT, wAt, scratch.w, 0, n);
      tensor.weights.store(at, n, scratch.w, key);
    }
  }
}
