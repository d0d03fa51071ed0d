package dev.mincover.gpu.internal.step;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.util.Objects.requireNonNull;

import dev.mincover.gpu.device.Device;
import dev.mincover.gpu.device.DeviceMemory;
import dev.mincover.gpu.device.Kernel;
import dev.mincover.internal.gradient.GradientRange;
import dev.mincover.internal.kernel.Coefficients;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Recipe;
import dev.mincover.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * One step over all tensors: a launch for each pair of types that weights and gradients have, which
 * is one launch for most models. What a step changes is a table of a few bytes a tensor. Neither
 * side allocates anything in a step, once its kernels are compiled.
 *
 * <p>Steps may be given to the device faster than it takes them. The host's copies of the table are
 * as many as may wait.
 */
public final class DeviceStep implements AutoCloseable {

  /** Steps that may wait on the device. */
  private static final int MOST_WAITING = 64;

  private static final int AXES_AT = 9 * Long.BYTES;
  private static final int AXIS_BYTES = 3 * Long.BYTES;
  private static final int TENSOR_BYTES = AXES_AT + StepKernels.MOST_AXES * AXIS_BYTES;
  private static final int TURN_BYTES = 5 * Long.BYTES + 4 * Float.BYTES;
  private static final int FLOATS_AT = 5 * Long.BYTES;

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
  private long number;

  /** Plans the steps of tensors. */
  @SuppressWarnings("MustBeClosedChecker") // Closed by close.
  public DeviceStep(Device device, Recipe recipe, List<DeviceTensor> tensors) {
    this.device = device;
    this.recipe = recipe;
    this.tensors = List.copyOf(tensors);
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
      tiles.of(i)
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
    present.values().forEach(counts -> Arrays.fill(counts, 0));
  }

  /**
   * Gives a tensor its gradient of this step, which has been checked against its shape.
   *
   * @param eta the learning rate of all parameters
   */
  public void give(int i, DeviceMemory gradient, DataType type, double eta) {
    DeviceTensor tensor = tensors.get(i);
    if (tensor.shape.size() == 0) {
      return;
    }
    requirePresent(tensor.type)[StepNumbers.number(type)]++;
    Coefficients k = tensor.k;
    tensor.options.prepare(k, eta);
    long at = (long) i * TURN_BYTES;
    turns.set(JAVA_LONG, at, gradient.address());
    turns.set(JAVA_LONG, at + Long.BYTES, StepNumbers.number(type));
    turns.set(JAVA_LONG, at + 2 * Long.BYTES, tensor.options.key(number));
    turns.set(JAVA_LONG, at + 3 * Long.BYTES, tensor.slot);
    turns.set(JAVA_LONG, at + 4 * Long.BYTES, isWide(tensor, gradient) ? 1 : 0);
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
  private boolean isWide(DeviceTensor tensor, DeviceMemory gradient) {
    if (tensor.isEach() && numbers.shares()) {
      return false;
    }
    long together = tensor.weights.address() | tensor.momentum.address() | gradient.address();
    long row = tensor.layout.rowLength();
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
        stretches.scan(kernels.scan(gradient), turnTable);
      }
    }
    stretches.read(turns, TURN_BYTES);
    return stretches;
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
          launch(kernels.step(weights, gradient), weights, scale);
        }
      }
    }
    for (int i = 0; i < tensors.size(); i++) {
      if (turns.get(JAVA_LONG, (long) i * TURN_BYTES) != 0) {
        DeviceTensor tensor = tensors.get(i);
        tensor.slot = (tensor.slot + 1) % DeviceTensor.SLOTS;
      }
    }
  }

  private void launch(Kernel kernel, DataType weights, float scale) {
    int at = 0;
    kernel.set(at++, tensorTable.address());
    kernel.set(at++, turnTable.address());
    kernel.set(at++, tiles.table.address());
    kernel.set(at++, wrongs.address());
    kernel.set(at++, tiles.first(weights));
    kernel.set(at++, numbers.keepNu());
    kernel.set(at++, numbers.addNu());
    kernel.set(at++, numbers.epsilon());
    kernel.set(at++, numbers.keepMomentum());
    kernel.set(at++, numbers.addMomentum());
    kernel.set(at++, numbers.range().limit());
    kernel.set(at++, scale);
    kernel.set(at, Coefficients.addend(scale));
    kernel.launch(tiles.count(weights));
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
    return tensorTable.byteSize()
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
    arena.close();
  }
}
