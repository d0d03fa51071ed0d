package dev.mincover.internal.pass;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import dev.mincover.internal.gradient.StepGradient;
import dev.mincover.internal.kernel.Coefficients;
import dev.mincover.internal.kernel.KernelSpec;
import dev.mincover.internal.kernel.KernelSpec.Feature;
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
import java.util.EnumSet;
import java.util.Set;

/**
 * The one loop over rows, for one tensor and one purpose. Dense and sparse steps, any cover, any
 * number of threads: all are this loop over some set of rows.
 *
 * <p>The square of a gradient is added in the {@link RowKernel}. This class decides what the kernel
 * sees. It takes rows in blocks and columns in tiles, finds for each row the least accumulator that
 * it picks (r) and for each column the one that lies along it (c), and gives the kernel a place for
 * the new maxima (rNew and cNew). It reads mu as it was before the step and never writes it: new
 * maxima stay in the thread's scratch memory until all parts are done ({@link ScratchMaxima}), so
 * that no part sees what another has done, and any split into parts gives the same bits.
 *
 * <p>Blocks and tiles are for speed alone. A tile of c is fetched once for all rows of a block, and
 * the kernel is called once for all of them [1]. What a kernel cannot work on where it lies is
 * decoded into the thread's tiles and encoded again [2]: the same operations in the same order.
 *
 * <p>[1] That c and cNew stay in a near cache asks for short tiles, that the processor fetches g
 * and w ahead asks for long ones; a tile of c and cNew is 128 KiB, for the second nearest cache
 * (decision 10). [2] Gradients that are float16 or name a row several times, weights that are
 * float16 or rounded stochastically, momentum in int8 or rounded so; {@link ThreadScratch#TILE}
 * values at a time.
 */
public final class RowPass {

  /** Columns of a tile. */
  static final int TILE = 1 << 14;

  /** Rows of up to so many values are narrow: the kernel takes several in one go. */
  private static final int NARROW = 256;

  /**
   * What a pass is for, and with which coefficients nu is made.
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

  /** Whether kernels read and write weights, and momentum if any, where they lie. */
  private final boolean movesInPlace;

  /** Values of a register that fill narrow rows; 0 if rows are not narrow. */
  private final int narrowLanes;

  /** For gradients that have been decoded. */
  private final RowKernel forDecoded;

  // Of the step under way.
  private final Coefficients k = new Coefficients();
  private DataType gradientType = DataType.FLOAT32;

  /** For gradients where they lie. */
  private RowKernel forDirect;

  /** The same for narrow rows. */
  private RowKernel forNarrow;

  private long key;

  /** A pass over a tensor, whose accumulators are read and left as they are. */
  public RowPass(Kernels kernels, LearningTensor tensor, CoverAccumulators mu, Purpose purpose) {
    this.kernels = kernels;
    this.tensor = tensor;
    this.mu = mu;
    this.purpose = purpose;
    spec =
        new KernelSpec(
            tensor.kernelWeights(), DataType.FLOAT32, tensor.kernelMomentum(), features(), 0);
    movesInPlace = tensor.hasWeightsInPlace() && tensor.hasMomentumInPlace();
    long rowLength = tensor.layout.rowLength();
    narrowLanes = rowLength <= NARROW && mu.along.isShared() ? kernels.narrow(rowLength) : 0;
    forDecoded = kernels.of(spec);
    forDirect = forDecoded;
    forNarrow = narrowKernel();
    k.keepNu = purpose.keepNu;
    k.addNu = purpose.addNu;
    k.epsilon = purpose.epsilon;
  }

  private Set<Feature> features() {
    Set<Feature> features = EnumSet.noneOf(Feature.class);
    features.addAll(tensor.features());
    if (purpose.moves) {
      features.add(Feature.MOVES);
    }
    if (purpose.averages()) {
      features.add(Feature.AVERAGES);
    }
    if (purpose.epsilon != 0) {
      features.add(Feature.EPSILON);
    }
    if (!mu.along.isShared()) {
      features.add(Feature.FRESH);
    }
    return features;
  }

  /** Before the parts of a step. */
  public void begin(StepGradient gradient, double eta, long key) {
    this.key = key;
    tensor.prepare(k, eta);
    k.limit = gradient.limit();
    k.scale = gradient.scale();
    if (gradient.type() != gradientType) {
      gradientType = gradient.type();
      forDirect = isReadable() ? kernels.of(spec.with(gradientType, 0)) : forDecoded;
      forNarrow = narrowKernel();
    }
  }

  private RowKernel narrowKernel() {
    return narrowLanes > 0 && isReadable()
        ? kernels.of(spec.with(gradientType, narrowLanes))
        : forDecoded;
  }

  /** Whether kernels can read gradients of this type. */
  private boolean isReadable() {
    return gradientType != DataType.FLOAT16;
  }

  /** Whether the thread's tiles are needed for a gradient. */
  public boolean needsTiles(StepGradient gradient) {
    return !gradient.isDirect() || (purpose.moves && !movesInPlace);
  }

  /** Passes over one part and leaves its maxima in the thread's scratch memory. */
  public void run(
      StepGradient gradient, TensorPart part, ScratchMaxima maxima, ThreadScratch scratch) {
    VisitedRows rows = gradient.rows();
    maxima.clear(scratch.maxima.segment());
    Operands x = scratch.operands;
    x.k = k;
    useAccumulators(x, scratch.maxima.segment());
    // One call for a whole block wants rows that follow one another, as they lie.
    boolean blockwise = mu.along.isShared() && !rows.isSparse() && !needsTiles(gradient);
    for (long first = part.from(); first < part.to(); first += Operands.MOST_ROWS) {
      int count = (int) Math.min(Operands.MOST_ROWS, part.to() - first);
      beginBlock(rows, first, count, scratch);
      for (long column = part.column0(); column < part.column1(); column += TILE) {
        x.n = (int) Math.min(TILE, part.column1() - column);
        maxima.place(x, column);
        if (blockwise) {
          stepBlock(gradient, first, column, count, x);
        } else {
          stepRows(gradient, first, column, count, maxima, scratch);
        }
      }
      endBlock(first, count, maxima, scratch);
    }
  }

  /** Where c and cNew lie, for all rows: in mu itself, or in scratch memory. */
  private void useAccumulators(Operands x, MemorySegment scratch) {
    x.c =
        switch (mu.along) {
          case AXIS -> mu.columns[0].mu();
          case EACH -> mu.all;
          case FOLDED, NONE, SETS -> scratch;
        };
    x.cNew = mu.along == Along.EACH ? mu.all : scratch;
  }

  /** Finds the rows of a block, and the least accumulator that each picks. */
  private void beginBlock(VisitedRows rows, long first, int count, ThreadScratch scratch) {
    Operands x = scratch.operands;
    rows.rows(first, count, scratch.row);
    if (purpose.moves) {
      mu.leadingMinima(scratch.row, count, x.r);
    } else {
      Arrays.fill(x.r, 0, count, 0);
    }
    Arrays.fill(x.rNew, 0, count, 0);
  }

  /** Raises the maxima that the rows of a block pick. */
  private void endBlock(long first, int count, ScratchMaxima maxima, ThreadScratch scratch) {
    int[] rNew = scratch.operands.rNew;
    maxima.raiseLeading(scratch, first, count);
    for (int i = 0; i < count; i++) {
      scratch.largest = Math.max(scratch.largest, rNew[i]);
    }
  }

  /** A tile of all rows of a block, which lie one after the other. */
  private void stepBlock(StepGradient gradient, long first, long column, int count, Operands x) {
    long rowLength = tensor.layout.rowLength();
    long at = first * rowLength + column;
    useInPlace(gradient, at, at * gradientType.bytes(), x);
    x.stride = rowLength;
    x.firstRow = 0;
    (narrowLanes > 0 && x.n == rowLength ? forNarrow : forDirect).step(x, 0, count);
  }

  /** The same tile, row by row. */
  private void stepRows(
      StepGradient gradient,
      long first,
      long column,
      int count,
      ScratchMaxima maxima,
      ThreadScratch scratch) {
    Operands x = scratch.operands;
    int n = x.n;
    long cAt = x.cAt;
    long cNewAt = x.cNewAt;
    for (int i = 0; i < count; i++) {
      long at = scratch.row[i] * gradient.rows().layout.rowLength() + column;
      if (mu.along == Along.EACH) {
        cAt = at * Float.BYTES;
        cNewAt = cAt;
      } else if (mu.along == Along.SETS) {
        mu.layOutSets(at, n, x.c, cAt);
      }
      x.firstRow = i;
      // As many pieces as decoding takes.
      boolean whole = gradient.isDirect(first + i) && (!purpose.moves || movesInPlace);
      int piece = whole ? TILE : ThreadScratch.TILE;
      for (int j = 0; j < n; j += piece) {
        x.n = Math.min(piece, n - j);
        x.cAt = cAt + (long) j * Float.BYTES;
        x.cNewAt = cNewAt + (long) j * Float.BYTES;
        stepPiece(gradient, first + i, column + j, at + j, scratch);
      }
      if (mu.along == Along.SETS && purpose.raises) {
        maxima.raiseSets(x.cNew, at, n);
      }
    }
    x.n = n;
  }

  /**
   * A piece of one row, decoded and encoded again as far as its kernel needs it.
   *
   * @param position of the row among those visited
   * @param at of the first weight, in row-major order
   */
  private void stepPiece(
      StepGradient gradient, long position, long column, long at, ThreadScratch scratch) {
    Operands x = scratch.operands;
    int n = x.n;
    x.stride = n;
    MemorySegment tiles = scratch.tiles();
    RowKernel kernel = forDirect;
    if (gradient.isDirect(position)) {
      useInPlace(gradient, at, gradient.directAt(position, column), x);
    } else {
      useInPlace(gradient, at, ThreadScratch.G_TILE, x);
      kernel = forDecoded;
      gradient.loadRow(position, column, n, scratch.g, scratch.other);
      MemorySegment.copy(scratch.g, 0, tiles, JAVA_FLOAT, x.gAt, n);
      x.g = tiles;
    }
    boolean decodesWeights = purpose.moves && !tensor.hasWeightsInPlace();
    if (decodesWeights) {
      tensor.weights.load(at, n, scratch.w);
      x.w = tiles;
      x.wAt = ThreadScratch.W_TILE;
      MemorySegment.copy(scratch.w, 0, tiles, JAVA_FLOAT, x.wAt, n);
    }
    Storage decoded = purpose.moves && !tensor.hasMomentumInPlace() ? tensor.momentum : null;
    if (decoded != null) {
      decoded.load(at, n, scratch.m);
      x.m = tiles;
      x.mAt = ThreadScratch.M_TILE;
      MemorySegment.copy(scratch.m, 0, tiles, JAVA_FLOAT, x.mAt, n);
    }
    kernel.step(x, 0, 1);
    if (decoded != null) {
      MemorySegment.copy(tiles, JAVA_FLOAT, x.mAt, scratch.m, 0, n);
      decoded.store(at, n, scratch.m, ~key); // Other random bits than the weights'.
    }
    if (decodesWeights) {
      MemorySegment.copy(tiles, JAVA_FLOAT, x.wAt, scratch.w, 0, n);
      tensor.storeWeights(at, n, scratch, key);
    }
  }

  /**
   * Points at operands where they lie.
   *
   * @param at of the first weight, in row-major order
   * @param gAt of its gradient, in bytes
   */
  private void useInPlace(StepGradient gradient, long at, long gAt, Operands x) {
    x.g = gradient.segment();
    x.gAt = gAt;
    x.w = tensor.parameter.weights();
    x.wAt = at * spec.weights().bytes();
    x.m = tensor.momentumInPlace;
    x.mAt = at * spec.momentumBytes();
  }
}
