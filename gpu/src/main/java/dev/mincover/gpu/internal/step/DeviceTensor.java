package dev.mincover.gpu.internal.step;

import dev.mincover.cover.Cover;
import dev.mincover.gpu.device.Device;
import dev.mincover.gpu.device.DeviceMemory;
import dev.mincover.internal.kernel.Coefficients;
import dev.mincover.internal.pass.TensorOptions;
import dev.mincover.internal.rows.RowLayout;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Shape;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * One parameter that learns, and its state on the device. Accumulators that weights share are there
 * three times, one slot after the other: a step reads one slot, raises maxima in the next, and
 * fills the third with zeros, so that all of it is one launch. Those that belong to a weight each
 * are there once.
 */
public final class DeviceTensor implements AutoCloseable {

  /** Slots of shared accumulators. */
  static final int SLOTS = 3;

  public final String name;
  public final Shape shape;
  public final DataType type;
  public final DeviceMemory weights;
  final TensorOptions options;
  final RowLayout layout;

  /** Those of accumulators that weights share, leading ones first; empty if each has its own. */
  final List<Axis> axes;

  /** Shared accumulators of a slot; 0 if each weight has its own. */
  final long shared;

  final DeviceMemory mu;

  /** Momentum, or Adam's mean; empty without. */
  final DeviceMemory momentum;

  private final boolean adam;
  final Coefficients k = new Coefficients();
  int slot;
  private long steps;

  /** Allocates the state of a parameter, zeroed. */
  public DeviceTensor(
      Device device, Recipe recipe, String name, Shape shape, DataType type, DeviceMemory weights) {
    this.name = name;
    this.shape = shape;
    this.type = type;
    this.weights = weights;
    layout = RowLayout.of(shape);
    Momentum kept = recipe instanceof Sm3 sm3 ? sm3.momentum() : Momentum.none();
    options = new TensorOptions(name, recipe.options(), kept);
    adam = recipe instanceof Adam;
    axes = recipe instanceof Sm3 sm3 ? axes(sm3.cover().of(name), layout) : List.of();
    shared = axes.stream().mapToLong(Axis::count).sum();
    mu = device.allocate((axes.isEmpty() ? shape.size() : SLOTS * shared) * Float.BYTES);
    try {
      momentum = device.allocate(shape.size() * momentumBytes(kept));
    } catch (RuntimeException | Error failure) {
      mu.close();
      throw failure;
    }
  }

  private int momentumBytes(Momentum kept) {
    if (adam) {
      return Float.BYTES;
    }
    if (kept.isNone()) {
      return 0;
    }
    return kept.format() == Momentum.Format.FLOAT32 ? Float.BYTES : Short.BYTES;
  }

  /** As core's CoverAccumulators lays them out; empty if each weight has its own. */
  private static List<Axis> axes(Cover cover, RowLayout layout) {
    int rank = layout.shape().rank();
    return switch (cover) {
      case Cover.Whole _ -> List.of(new Axis("mu", true, 0, Long.MAX_VALUE, 1));
      case Cover.Slices _ when rank >= 2 -> axes(IntStream.range(0, rank).boxed().toList(), layout);
      case Cover.Axes chosen when rank >= 2 -> axes(chosen.axes(), layout);
      default -> List.of();
    };
  }

  private static List<Axis> axes(List<Integer> chosen, RowLayout layout) {
    Shape shape = layout.shape();
    List<Axis> leading = new ArrayList<>();
    List<Axis> columns = new ArrayList<>();
    long offset = 0;
    for (int axis : chosen) {
      boolean picksRow = axis < layout.leading();
      int last = picksRow ? layout.leading() : shape.rank();
      long stride = Math.max(1, RowLayout.product(shape, axis + 1, last));
      // That of axis 0 comes first, where kernels look for it.
      List<Axis> of = picksRow ? leading : columns;
      of.add(
          axis == 0 ? 0 : of.size(),
          new Axis("mu." + axis, picksRow, offset, stride, shape.dimension(axis)));
      offset += shape.dimension(axis);
    }
    leading.addAll(columns);
    return leading;
  }

  /** Whether each weight has an accumulator of its own. */
  boolean isEach() {
    return axes.isEmpty();
  }

  /** Whether accumulators of axis 0 are the first, and each index of it has rows of its own. */
  boolean isByIndex() {
    return !isEach() && axes.getFirst().leading() && axes.getFirst().name().equals("mu.0");
  }

  /** How many steps gave this tensor a gradient. */
  public long steps() {
    return steps;
  }

  /** Counts a step that gave this tensor a gradient. */
  public void countStep() {
    steps++;
  }

  /** Sets {@link #steps}, once the state has been overwritten. */
  public void restoreSteps(long steps) {
    this.steps = steps;
  }

  /** Bytes obtained for the state. */
  public long bytes() {
    return mu.byteSize() + momentum.byteSize();
  }

  /**
   * The state but for {@link #steps} under the names that it has in a checkpoint, as of the last
   * step.
   */
  public Map<String, DeviceMemory> state() {
    Map<String, DeviceMemory> state = new LinkedHashMap<>();
    if (adam) {
      state.put("m", momentum);
      state.put("v", mu);
      return state;
    }
    if (isEach()) {
      state.put("mu", mu);
    }
    // In the order in which the cover names them.
    for (Axis axis : axes.stream().sorted(Comparator.comparingLong(Axis::offset)).toList()) {
      long first = slot * shared + axis.offset();
      state.put(axis.name(), mu.slice(first * Float.BYTES, axis.count() * Float.BYTES));
    }
    if (!options.momentum().isNone()) {
      state.put("momentum", momentum);
    }
    return state;
  }

  /** Before {@link #state} is overwritten: brings the slots to where a new optimizer's are. */
  public void beginRestore() {
    slot = 0;
    if (!isEach()) {
      mu.clear();
    }
  }

  @Override
  public void close() {
    mu.close();
    momentum.close();
  }
}
