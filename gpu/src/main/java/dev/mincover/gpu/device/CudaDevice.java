package dev.mincover.gpu.device;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A device of CUDA: its primary context, and a stream.
 *
 * <p>A context belongs to a thread of the operating system, and a virtual thread may be on another
 * one at the next call. So every group of calls makes the context its own first.
 */
final class CudaDevice extends Device {

  private static final int MOST_ARGUMENTS = 16;
  private static final int NON_BLOCKING = 1; // a stream that does not wait for the default one

  private final Cuda cuda;
  private final int number;
  private final String name;
  private final MemorySegment context;
  private final MemorySegment stream;
  private final boolean ownsStream;
  private final String architecture;
  private final Map<String, MemorySegment> modules = new HashMap<>();

  private CudaDevice(Cuda cuda, int number, boolean ownsStream, long given) {
    this.cuda = cuda;
    this.number = number;
    this.ownsStream = ownsStream;
    name = cuda.description(number);
    architecture =
        "sm_%d%d".formatted(cuda.attribute(number, Cuda.MAJOR), cuda.attribute(number, Cuda.MINOR));
    context = cuda.retainContext(number);
    stream = ownsStream ? createStream() : MemorySegment.ofAddress(given);
  }

  static CudaDevice of(int number) {
    return new CudaDevice(requireDevice(number), number, true, 0);
  }

  static CudaDevice onStream(int number, long stream) {
    return new CudaDevice(requireDevice(number), number, false, stream);
  }

  private static Cuda requireDevice(int number) {
    Cuda cuda = Cuda.get();
    int count = cuda.devices();
    if (number < 0 || number >= count) {
      throw new DeviceException(
          "CUDA has %d devices, and none of number %d".formatted(count, number));
    }
    Nvrtc.get();
    return cuda;
  }

  static List<String> found() {
    Cuda cuda = Cuda.get();
    List<String> all = new ArrayList<>();
    for (int i = 0; i < cuda.devices(); i++) {
      all.add(cuda.description(i));
    }
    return all;
  }

  private MemorySegment createStream() {
    makeCurrent();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment created = arena.allocate(ADDRESS);
      cuda.check((int) cuda.createStream.invokeExact(created, NON_BLOCKING), "a stream");
      return created.get(ADDRESS, 0);
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  private void makeCurrent() {
    try {
      int status = (int) cuda.setCurrent.invokeExact(context);
      if (status != 0) {
        cuda.check(status, "its context");
      }
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public boolean hasDoubles() {
    return true;
  }

  @Override
  public int multiprocessors() {
    return cuda.attribute(number, Cuda.MULTIPROCESSORS);
  }

  @Override
  long obtain(long bytes) {
    makeCurrent();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = arena.allocate(JAVA_LONG);
      int status = (int) cuda.allocate.invokeExact(address, bytes);
      if (status == Cuda.OUT_OF_MEMORY) {
        MemorySegment free = arena.allocate(JAVA_LONG);
        MemorySegment all = arena.allocate(JAVA_LONG);
        cuda.check((int) cuda.memory.invokeExact(free, all), "to say what is left");
        throw new DeviceException(
            "device %s has no %d bytes left; of %d in all, %d are free, and %d are in use here"
                .formatted(
                    name, bytes, all.get(JAVA_LONG, 0), free.get(JAVA_LONG, 0), allocatedBytes()),
            status);
      }
      cuda.check(status, "%d bytes".formatted(bytes));
      return address.get(JAVA_LONG, 0);
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  @Override
  void release(long address) {
    makeCurrent();
    try {
      cuda.check((int) cuda.free.invokeExact(address), "to free memory");
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  @Override
  void fill(long address, long bytes) {
    makeCurrent();
    try {
      cuda.check((int) cuda.fill.invokeExact(address, (byte) 0, bytes, stream), "filling memory");
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  @Override
  void enqueueUpload(long to, MemorySegment from) {
    makeCurrent();
    try {
      int status = (int) cuda.upload.invokeExact(to, from, from.byteSize(), stream);
      if (status != 0) {
        cuda.check(status, "copying to the device");
      }
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  @Override
  void upload(long to, MemorySegment from) {
    enqueueUpload(to, from);
    synchronize(); // Memory that is not pinned may be read late.
  }

  @Override
  void download(MemorySegment to, long from) {
    makeCurrent();
    try {
      cuda.check(
          (int) cuda.download.invokeExact(to, from, to.byteSize(), stream), "copying to the host");
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
    synchronize();
  }

  @Override
  void copy(long to, long from, long bytes) {
    makeCurrent();
    try {
      cuda.check((int) cuda.copy.invokeExact(to, from, bytes, stream), "copying on the device");
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  @Override
  @SuppressWarnings("restricted")
  public MemorySegment hostMemory(long bytes, Arena arena) {
    makeCurrent();
    try (Arena own = Arena.ofConfined()) {
      MemorySegment address = own.allocate(ADDRESS);
      cuda.check((int) cuda.allocateHost.invokeExact(address, bytes), "pinned memory");
      return address.get(ADDRESS, 0).reinterpret(bytes, arena, this::freeHost).fill((byte) 0);
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  private void freeHost(MemorySegment memory) {
    makeCurrent();
    try {
      cuda.check((int) cuda.freeHost.invokeExact(memory), "to free pinned memory");
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  @Override
  public void synchronize() {
    makeCurrent();
    try {
      cuda.check((int) cuda.synchronizeStream.invokeExact(stream), "waiting for work");
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  @Override
  public synchronized Kernel kernel(
      String source, List<String> definitions, String name, int threads) {
    requireOpen();
    List<String> options = new ArrayList<>();
    options.add("-arch=" + architecture);
    // Every operation rounded once, as on the CPU.
    options.addAll(List.of("--fmad=false", "--prec-sqrt=true", "--prec-div=true", "--ftz=false"));
    definitions.forEach(definition -> options.add("-D" + definition));
    MemorySegment module =
        modules.computeIfAbsent(
            String.join(" ", options) + "\n" + source,
            _ -> {
              byte[] code = Nvrtc.get().compile(source, options);
              makeCurrent();
              return cuda.load(code);
            });
    makeCurrent();
    return new CudaKernel(cuda.function(module, name), name, threads);
  }

  @Override
  void shut() {
    makeCurrent();
    modules.values().forEach(cuda::unload);
    if (ownsStream) {
      try {
        cuda.check((int) cuda.destroyStream.invokeExact(stream), "to end a stream");
      } catch (Throwable t) {
        throw NativeLibrary.unexpected(t);
      }
    }
    cuda.releaseContext(number);
  }

  /** A kernel with native memory for its arguments, to which the driver is given pointers. */
  private final class CudaKernel implements Kernel {
    private final MemorySegment function;
    private final String name;
    private final int threads;
    private final MemorySegment values;
    private final MemorySegment pointers;

    CudaKernel(MemorySegment function, String name, int threads) {
      this.function = function;
      this.name = name;
      this.threads = threads;
      Arena arena = Arena.ofAuto();
      values = arena.allocate(JAVA_LONG, MOST_ARGUMENTS);
      pointers = arena.allocate(ADDRESS, MOST_ARGUMENTS);
      for (int i = 0; i < MOST_ARGUMENTS; i++) {
        pointers.setAtIndex(ADDRESS, i, values.asSlice(i * JAVA_LONG.byteSize()));
      }
    }

    @Override
    public void set(int index, long argument) {
      values.setAtIndex(JAVA_LONG, index, argument);
    }

    @Override
    public void set(int index, float argument) {
      values.set(JAVA_FLOAT, index * JAVA_LONG.byteSize(), argument);
    }

    @Override
    public void launch(long blocks) {
      if (blocks == 0) {
        return;
      }
      requireOpen();
      makeCurrent();
      try {
        int status =
            (int)
                cuda.launch.invokeExact(
                    function,
                    Math.toIntExact(blocks),
                    1,
                    1,
                    threads,
                    1,
                    1,
                    0,
                    stream,
                    pointers,
                    MemorySegment.NULL);
        if (status != 0) {
          cuda.check(status, "launch of kernel " + name);
        }
      } catch (Throwable t) {
        throw NativeLibrary.unexpected(t);
      }
    }
  }
}
