package dev.mincover.gpu.internal.step;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.util.Objects.requireNonNull;

import dev.mincover.gpu.device.Device;
import dev.mincover.gpu.device.DeviceMemory;
import dev.mincover.gpu.device.Kernel;
import dev.mincover.gpu.internal.step.StepKernels.Pass;
import dev.mincover.internal.gradient.GradientRange;
import dev.mincover.internal.kernel.Coefficients;
import dev.mincover.internal.rows.RowLayout;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Recipe;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One step over all tensors: a launch for each pair of types that weights and gradients have, which
 * is one launch for most models, and three under SM3-I. What a step changes is a table of a few
 * bytes a tensor. Neither side allocates anything in a step, once its kernels are compiled.
 *
 * <p>Steps may be given to the device faster than it takes them. The host's copies of the table are
 * as many as may wait.
 */
public final class DeviceStep implements AutoCloseable {

  /** Steps that may wait on the device. */
  private static final int MOST_WAITING = 64;

  private static final int AXES_AT = 12 * Long.BYTES;
  private static final int AXIS_BYTES = 3 * Long.BYTES;
  private static final int TENSOR_BYTES = AXES_AT + StepKernels.MOST_AXES * AXIS_BYTES;
  private static final int TURN_BYTES = 8 * Long.BYTES + 4 * Float.BYTES;
  private static final int FLOATS_AT = 8 * Long.BYTES;

  /** Bytes that are read together, and whose multiples their addresses must be. */
  private static final int WIDE = 16;

  private final Device device;
  private final Recipe recipe;
  private final List<DeviceTensor> tensors;
  private final StepNumbers numbers;
  private final StepKernels kernels;
  private final GradientStretches stretches;
  private final Tiles tiles;
  private final DeviceMemory tensorTable;
  private final DeviceMemory turnTable;
  private final DeviceMemory wrongs;
  private final Arena arena;
  private final MemorySegment[] waiting = new MemorySegment[MOST_WAITING];
  private int next;

  /** By weight type, then by gradient type, how many tensors step. */
  private final Map<DataType, int[]> present = new EnumMap<>(DataType.class);

  // Of the step under way.
  private MemorySegment turns = MemorySegment.NULL;
  private final boolean[] dense;
  private final DataType[] types;

  /** By tensor, the rows of its sparse gradients; null before the first. */
  private final @Nullable GivenRows[] rows;

  /** The same, null for tensors that have no sparse gradient in this step. */
  private final @Nullable GivenRows[] given;

  private long number;

  /** Plans the steps of tensors. */
  @SuppressWarnings("MustBeClosedChecker") // Closed by close.
  public DeviceStep(Device device, Recipe recipe, List<DeviceTensor> tensors) {
    this.device = device;
    this.recipe = recipe;
    this.tensors = List.copyOf(tensors);
    dense = new boolean[tensors.size()];
    types = new DataType[tensors.size()];
    Arrays.fill(types, DataType.FLOAT32);
    rows = new GivenRows[tensors.size()];
    given = new GivenRows[tensors.size()];
    numbers = new StepNumbers(recipe, tensors);
    kernels = new StepKernels(device, numbers);
    for (DataType type : DataType.values()) {
      present.put(type, new int[DataType.values().length]);
    }
    List<DeviceMemory> obtained = new ArrayList<>();
    arena = Arena.ofShared();
    try {
      for (int i = 0; i < MOST_WAITING; i++) {
        waiting[i] = device.hostMemory((long) tensors.size() * TURN_BYTES, arena);
      }
      tiles = new Tiles(device, this.tensors);
      obtained.add(tiles.table);
      stretches = new GradientStretches(device, this.tensors, numbers.range());
      obtained.addAll(stretches.memory());
      tensorTable = device.allocate((long) tensors.size() * TENSOR_BYTES);
      obtained.add(tensorTable);
      turnTable = device.allocate((long) tensors.size() * TURN_BYTES);
      obtained.add(turnTable);
      wrongs = device.allocate((long) tensors.size() * Integer.BYTES);
    } catch (RuntimeException | Error failure) {
      obtained.forEach(DeviceMemory::close);
      arena.close();
      throw failure;
    }
    writeTensors();
  }

  private void writeTensors() {
    try (Arena own = Arena.ofConfined()) {
      MemorySegment table = own.allocate(tensorTable.byteSize(), Long.BYTES);
      for (int i = 0; i < tensors.size(); i++) {
        write(table.asSlice((long) i * TENSOR_BYTES, TENSOR_BYTES), tensors.get(i), i);
      }
      tensorTable.upload(table);
    }
  }

  private static RowLayout byIndex(DeviceTensor tensor) {
    return RowLayout.byIndex(tensor.shape);
  }

  private void write(MemorySegment to, DeviceTensor tensor, int i) {
    long leading = tensor.axes.stream().filter(Axis::leading).count();
    long[] fields = {
      tensor.weights.address(),
      tensor.momentum.address(),
      tensor.mu.address(),
      tensor.shared,
      tensor.layout.rows(),
      tensor.layout.rowLength(),
      leading,
      tensor.axes.size() - leading,
      tiles.of(i),
      tensor.isByIndex() ? 1 : 0,
      byIndex(tensor).rowsPerIndex(),
      byIndex(tensor).rowLength()
    };
    for (int k = 0; k < fields.length; k++) {
      to.setAtIndex(JAVA_LONG, k, fields[k]);
    }
    for (int k = 0; k < tensor.axes.size(); k++) {
      Axis axis = tensor.axes.get(k);
      long at = AXES_AT + (long) k * AXIS_BYTES;
      to.set(JAVA_LONG, at, axis.offset());
      to.set(JAVA_LONG, at + Long.BYTES, axis.stride());
      to.set(JAVA_LONG, at + 2 * Long.BYTES, axis.count());
    }
  }

  /**
   * Begins a step: all tensors without a gradient.
   *
   * @param number of the step, from 1
   */
  public void begin(long number) {
    if (next == MOST_WAITING) {
      device.synchronize();
      next = 0;
    }
    this.number = number;
    turns = waiting[next++];
    turns.fill((byte) 0);
    Arrays.fill(dense, false);
    Arrays.fill(given, null);
    present.values().forEach(counts -> Arrays.fill(counts, 0));
  }

  /**
   * Gives a tensor its gradient of this step, which has been checked against its shape.
   *
   * @param eta the learning rate of all parameters
   */
  public void give(int i, DeviceMemory gradient, DataType type, double eta) {
    DeviceTensor tensor = tensors.get(i);
    if (tensor.shape.size() > 0) {
      dense[i] = true;
      requirePresent(tensor.type)[StepNumbers.number(type)]++;
      write(i, gradient, type, tensor.layout.rowLength(), eta);
    }
  }

  /** Gives a tensor a sparse gradient of this step, likewise, and waits for the device. */
  public void give(int i, Gradient.Rows named, DeviceMemory values, double eta) {
    DeviceTensor tensor = tensors.get(i);
    if (tensor.shape.size() == 0 || named.count() == 0) {
      return;
    }
    GivenRows of = rows[i];
    if (of == null) {
      of = new GivenRows(device, tensor);
      rows[i] = of;
    }
    of.take(named);
    given[i] = of;
    write(i, values, named.type(), of.layout.rowLength(), eta);
    long at = (long) i * TURN_BYTES;
    turns.set(JAVA_LONG, at + 5 * Long.BYTES, of.table());
    turns.set(JAVA_LONG, at + 6 * Long.BYTES, of.positions());
    turns.set(JAVA_LONG, at + 7 * Long.BYTES, of.entries());
  }

  private void write(int i, DeviceMemory gradient, DataType type, long row, double eta) {
    DeviceTensor tensor = tensors.get(i);
    types[i] = type;
    Coefficients k = tensor.k;
    tensor.options.prepare(k, eta);
    long at = (long) i * TURN_BYTES;
    turns.set(JAVA_LONG, at, gradient.address());
    turns.set(JAVA_LONG, at + Long.BYTES, StepNumbers.number(type));
    turns.set(JAVA_LONG, at + 2 * Long.BYTES, tensor.options.key(number));
    turns.set(JAVA_LONG, at + 3 * Long.BYTES, tensor.slot);
    turns.set(JAVA_LONG, at + 4 * Long.BYTES, isWide(tensor, gradient, row) ? 1 : 0);
    turns.set(JAVA_FLOAT, at + FLOATS_AT, k.eta);
    turns.set(JAVA_FLOAT, at + FLOATS_AT + Float.BYTES, k.keepWeight);
    if (recipe instanceof Adam adam) {
      double t = tensor.steps() + 1;
      float unbiasM = (float) (1 / (1 - Math.pow(adam.beta1(), t)));
      float unbiasV = (float) (1 / Math.sqrt(1 - Math.pow(adam.beta2(), t)));
      turns.set(JAVA_FLOAT, at + FLOATS_AT + 2 * Float.BYTES, unbiasM);
      turns.set(JAVA_FLOAT, at + FLOATS_AT + 3 * Float.BYTES, unbiasV);
    }
  }

  private int[] requirePresent(DataType type) {
    return requireNonNull(present.get(type));
  }

  /** Whether a row's neighbours may be read together; kernels for vectors beside others cannot. */
  private boolean isWide(DeviceTensor tensor, DeviceMemory gradient, long row) {
    if (tensor.isEach() && numbers.shares()) {
      return false;
    }
    long together = tensor.weights.address() | tensor.momentum.address() | gradient.address();
    return together % WIDE == 0 && row % Tiles.columnsOfThread(tensor.type) == 0;
  }

  /** Hands this step's gradients to the device. */
  public void upload() {
    device.enqueueUpload(turnTable, turns);
  }

  /** Looks at all gradients of this step, and waits for what is found. */
  public GradientStretches scan() {
    for (DataType gradient : DataType.values()) {
      if (isPresent(gradient)) {
        stretches.scan(kernels.scan(gradient, false), turnTable);
      }
    }
    for (int i = 0; i < given.length; i++) {
      GivenRows of = given[i];
      if (of != null) {
        scan(i, of);
      }
    }
    stretches.read(dense, given);
    return stretches;
  }

  private void scan(int i, GivenRows of) {
    Kernel kernel = kernels.scan(types[i], true);
    long found = of.found().address();
    kernel.set(0, turnTable.address());
    kernel.set(1, (long) i);
    kernel.set(2, found);
    kernel.set(3, found + of.stretches() * Double.BYTES);
    kernel.set(4, numbers.range().limit());
    kernel.set(5, of.width());
    kernel.launch(of.stretches());
  }

  private boolean isPresent(DataType gradient) {
    for (int[] counts : present.values()) {
      if (counts[StepNumbers.number(gradient)] > 0) {
        return true;
      }
    }
    return false;
  }

  /**
   * Takes the step with the gradients given.
   *
   * @param scale what gradients are multiplied by once they are cut
   */
  public void run(float scale) {
    for (DataType weights : DataType.values()) {
      int[] counts = requirePresent(weights);
      for (DataType gradient : DataType.values()) {
        if (counts[StepNumbers.number(gradient)] > 0) {
          run(weights, gradient, scale);
        }
      }
    }
    for (int i = 0; i < dense.length; i++) {
      GivenRows of = given[i];
      if (dense[i] && !numbers.hasTwoPasses()) {
        DeviceTensor tensor = tensors.get(i);
        tensor.slot = (tensor.slot + 1) % DeviceTensor.SLOTS;
      } else if (of != null) {
        runGiven(i, of, scale);
      }
    }
  }

  private void run(DataType weights, DataType gradient, float scale) {
    if (!numbers.hasTwoPasses()) {
      launch(kernels.step(weights, gradient, Pass.ONLY), weights, scale);
      return;
    }
    if (numbers.shares()) {
      launch(kernels.step(weights, gradient, Pass.SQUARES), weights, scale);
      Kernel commit = kernels.commit(weights, gradient);
      commit.set(0, tensorTable.address());
      commit.set(1, turnTable.address());
      commit.set(2, tiles.table.address());
      commit.set(3, tiles.first(weights));
      commit.set(4, numbers.keepNu());
      commit.set(5, numbers.addNu());
      commit.launch(tiles.count(weights));
    }
    launch(kernels.step(weights, gradient, Pass.MOVES), weights, scale);
  }

  private void launch(Kernel kernel, DataType weights, float scale) {
    kernel.set(0, tensorTable.address());
    kernel.set(1, turnTable.address());
    kernel.set(2, tiles.table.address());
    kernel.set(3, wrongs.address());
    kernel.set(4, tiles.first(weights));
    setNumbers(kernel, scale);
    kernel.launch(tiles.count(weights));
  }

  private void runGiven(int i, GivenRows of, float scale) {
    if (!numbers.hasTwoPasses()) {
      launchGiven(i, of, Pass.ONLY, scale);
      commitGiven(i, of, Pass.ONLY);
      return;
    }
    if (!tensors.get(i).isEach()) {
      launchGiven(i, of, Pass.SQUARES, scale);
      commitGiven(i, of, Pass.SQUARES);
    }
    launchGiven(i, of, Pass.MOVES, scale);
  }

  private void launchGiven(int i, GivenRows of, Pass pass, float scale) {
    DeviceTensor tensor = tensors.get(i);
    long across = Math.ceilDiv(of.layout.rowLength(), Tiles.width(tensor));
    Kernel step = kernels.stepGiven(tensor.type, types[i], pass);
    step.set(0, tensorTable.address());
    step.set(1, turnTable.address());
    step.set(2, (long) i);
    step.set(3, wrongs.address());
    step.set(4, across);
    setNumbers(step, scale);
    long visited = of.entries() * of.layout.rowsPerIndex();
    step.launch(across * Math.ceilDiv(visited, (long) StepKernels.ROWS_GIVEN));
  }

  private void commitGiven(int i, GivenRows of, Pass pass) {
    DeviceTensor tensor = tensors.get(i);
    if (!tensor.isEach()) {
      Kernel commit = kernels.commitGiven(tensor.type, types[i], pass);
      commit.set(0, tensorTable.address());
      commit.set(1, turnTable.address());
      commit.set(2, (long) i);
      commit.set(3, numbers.keepNu());
      commit.set(4, numbers.addNu());
      long most = Math.max(of.entries(), tensor.shared);
      commit.launch(Math.ceilDiv(most, (long) StepKernels.THREADS));
    }
  }

  private void setNumbers(Kernel kernel, float scale) {
    int at = 5;
    kernel.set(at++, numbers.keepNu());
    kernel.set(at++, numbers.addNu());
    kernel.set(at++, numbers.epsilon());
    kernel.set(at++, numbers.keepMomentum());
    kernel.set(at++, numbers.addMomentum());
    kernel.set(at++, numbers.range().limit());
    kernel.set(at++, scale);
    kernel.set(at, Coefficients.addend(scale));
  }

  /** The first tensor with a square that was not finite, in a step since the last look; or -1. */
  public int badSquare() {
    return wrong(1);
  }

  /** The first tensor with a weight that has left the range of its format; or -1. */
  public int overflowed() {
    return wrong(2);
  }

  /** Waits for the steps, and forgets what went wrong once it is told. */
  private int wrong(int bit) {
    try (Arena own = Arena.ofConfined()) {
      MemorySegment found = own.allocate(wrongs.byteSize(), Integer.BYTES);
      wrongs.download(found);
      for (int i = 0; i < tensors.size(); i++) {
        if ((found.getAtIndex(JAVA_INT, i) & bit) != 0) {
          wrongs.clear();
          return i;
        }
      }
      return -1;
    }
  }

  /** What clipping and the guard ask. */
  public GradientRange range() {
    return numbers.range();
  }

  /** Whether the step itself looks for squares that are not finite. */
  public boolean tellsBadSquares() {
    return numbers.tellsBadSquares();
  }

  /** Bytes of tables on the device. */
  public long bytes() {
    long bytes = 0;
    for (GivenRows of : rows) {
      bytes += of == null ? 0 : of.bytes();
    }
    return bytes
        + tensorTable.byteSize()
        + turnTable.byteSize()
        + wrongs.byteSize()
        + tiles.table.byteSize()
        + stretches.bytes();
  }

  @Override
  public void close() {
    tensorTable.close();
    turnTable.close();
    wrongs.close();
    tiles.table.close();
    stretches.memory().forEach(DeviceMemory::close);
    for (GivenRows of : rows) {
      if (of != null) {
        of.close();
      }
    }
    arena.close();
  }
}
