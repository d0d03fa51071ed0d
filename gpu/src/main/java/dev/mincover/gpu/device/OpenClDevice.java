package dev.mincover.gpu.device;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/**
 * A device of OpenCL 2.0 or later, with one queue in order. Its memory is coarse-grained shared
 * virtual memory, which has addresses that tables can hold.
 */
final class OpenClDevice extends Device {

  private static final long READ_WRITE = 1;
  private static final int MEMORY_ERROR = -4;

  private final OpenCl cl;
  private final MemorySegment id;
  private final MemorySegment context;
  private final MemorySegment queue;
  private final String name;
  private final boolean doubles;
  private final int multiprocessors;
  private final String options;
  private final UnaryOperator<String> sources;
  private final Map<String, MemorySegment> programs = new HashMap<>();

  /** What is obtained at present, of which a driver wants to be told before a launch [1]. */
  private final TreeSet<Long> live = new TreeSet<>();

  // [1] Kernels find addresses in tables, where no driver sees them.
  private long version;

  private OpenClDevice(
      OpenCl cl, OpenCl.Found found, List<String> definitions, UnaryOperator<String> sources) {
    this.cl = cl;
    this.sources = sources;
    id = found.device();
    name = found.description();
    doubles = cl.number(id, OpenCl.DOUBLE_FP_CONFIG) != 0;
    multiprocessors = (int) cl.number(id, OpenCl.MAX_COMPUTE_UNITS);
    requireAble();
    boolean rounds = (cl.number(id, OpenCl.SINGLE_FP_CONFIG) & OpenCl.ROUNDS_DIVISION) != 0;
    StringBuilder text = new StringBuilder("-cl-std=CL");
    text.append(cl.version(id));
    if (rounds) {
      text.append(" -cl-fp32-correctly-rounded-divide-sqrt");
    }
    definitions.forEach(definition -> text.append(" -D").append(definition));
    options = text.toString();
    context = cl.createContext(id);
    queue = cl.createQueue(context, id);
  }

  /** Without these, results would not have core's bits, or nothing would work. */
  private void requireAble() {
    long config = cl.number(id, OpenCl.SINGLE_FP_CONFIG);
    boolean cpu = cl.number(id, OpenCl.TYPE) == OpenCl.CPU; // Its division is the processor's.
    if ((config & OpenCl.DENORMALS) == 0 || (!cpu && (config & OpenCl.ROUNDS_DIVISION) == 0)) {
      throw new DeviceException(
          "device %s has no subnormal numbers, or rounds division and roots wrongly; steps would not have the bits of the CPU"
              .formatted(name));
    }
    if ((cl.number(id, OpenCl.SVM_CAPABILITIES) & 1) == 0) {
      throw new DeviceException(
          "device %s has no shared virtual memory (OpenCL 2.0), by which kernels find their tables"
              .formatted(name));
    }
  }

  /**
   * The first device, for kernels that are compiled with further definitions.
   *
   * @param sources what is done to their sources; tests put mistakes in
   */
  static OpenClDevice first(List<String> definitions, UnaryOperator<String> sources) {
    OpenCl cl = OpenCl.get();
    OpenCl.Found best =
        cl.devices().stream()
            .min(Comparator.comparing((OpenCl.Found found) -> found.type() == OpenCl.CPU))
            .orElseThrow(() ->
                new DeviceException(
                    "OpenCL has no device; install a driver (Debian: pocl-opencl-icd for the CPU), and let POCL_CACHE_DIR name a folder that can be written"));
    return new OpenClDevice(cl, best, definitions, sources);
  }

  static List<String> found() {
    return OpenCl.get().devices().stream().map(OpenCl.Found::description).toList();
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public boolean hasDoubles() {
    return doubles;
  }

  @Override
  public int multiprocessors() {
    return multiprocessors;
  }

  @Override
  synchronized long obtain(long bytes) {
    MemorySegment memory;
    try {
      memory = (MemorySegment) cl.svmAlloc.invokeExact(context, READ_WRITE, bytes, ALIGNMENT);
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
    if (memory.address() == 0) {
      throw new DeviceException(
          "device %s has no %d bytes left; it has %d in all, of which %d are in use here"
              .formatted(name, bytes, cl.number(id, OpenCl.GLOBAL_MEMORY), allocatedBytes()),
          MEMORY_ERROR);
    }
    live.add(memory.address());
    version++;
    return memory.address();
  }

  @Override
  synchronized void release(long address) {
    synchronize(); // Work under way may use it.
    live.remove(address);
    version++;
    try {
      cl.svmFree.invokeExact(context, MemorySegment.ofAddress(address));
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  @Override
  void fill(long address, long bytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment zero = arena.allocate(JAVA_BYTE);
      int status =
          (int)
              cl.svmFill.invokeExact(
                  queue,
                  MemorySegment.ofAddress(address),
                  zero,
                  1L,
                  bytes,
                  0,
                  MemorySegment.NULL,
                  MemorySegment.NULL);
      OpenCl.check(status, "filling memory");
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  @Override
  void enqueueUpload(long to, MemorySegment from) {
    copy(MemorySegment.ofAddress(to), from, from.byteSize(), 0);
  }

  @Override
  void upload(long to, MemorySegment from) {
    copy(MemorySegment.ofAddress(to), from, from.byteSize(), 1);
  }

  @Override
  void download(MemorySegment to, long from) {
    copy(to, MemorySegment.ofAddress(from), to.byteSize(), 1);
  }

  @Override
  void copy(long to, long from, long bytes) {
    copy(MemorySegment.ofAddress(to), MemorySegment.ofAddress(from), bytes, 0);
  }

  private void copy(MemorySegment to, MemorySegment from, long bytes, int waits) {
    try {
      int status =
          (int)
              cl.svmCopy.invokeExact(
                  queue, waits, to, from, bytes, 0, MemorySegment.NULL, MemorySegment.NULL);
      OpenCl.check(status, "copying memory");
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  @Override
  public MemorySegment hostMemory(long bytes, Arena arena) {
    return arena.allocate(bytes, ALIGNMENT);
  }

  @Override
  public void synchronize() {
    try {
      OpenCl.check((int) cl.finish.invokeExact(queue), "waiting for work");
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  @Override
  public synchronized Kernel kernel(
      String source, List<String> definitions, String name, int threads) {
    requireOpen();
    StringBuilder text = new StringBuilder(options);
    definitions.forEach(definition -> text.append(" -D").append(definition));
    String all = text.toString();
    MemorySegment program =
        programs.computeIfAbsent(
            all + "\n" + source, _ -> cl.build(context, id, sources.apply(source), all));
    return new ClKernel(cl.createKernel(program, name), name, threads);
  }

  @Override
  void shut() {
    programs.values().forEach(cl::releaseProgram);
    cl.releaseQueueAndContext(queue, context);
  }

  /** A kernel with native memory for what its launches pass. */
  private final class ClKernel implements Kernel {
    private final MemorySegment kernel;
    private final String name;
    private final long threads;
    private final MemorySegment value;
    private final MemorySegment global;
    private final MemorySegment local;
    private long told = -1;

    ClKernel(MemorySegment kernel, String name, int threads) {
      this.kernel = kernel;
      this.name = name;
      this.threads = threads;
      Arena arena = Arena.ofAuto();
      value = arena.allocate(JAVA_LONG);
      global = arena.allocate(JAVA_LONG);
      local = arena.allocateFrom(JAVA_LONG, threads);
    }

    @Override
    public void set(int index, long argument) {
      value.set(JAVA_LONG, 0, argument);
      pass(index, JAVA_LONG.byteSize());
    }

    @Override
    public void set(int index, float argument) {
      value.set(JAVA_FLOAT, 0, argument);
      pass(index, JAVA_FLOAT.byteSize());
    }

    private void pass(int index, long size) {
      try {
        int status = (int) cl.setArgument.invokeExact(kernel, index, size, value);
        if (status != 0) {
          OpenCl.check(status, "argument %d of kernel %s".formatted(index, name));
        }
      } catch (Throwable t) {
        throw NativeLibrary.unexpected(t);
      }
    }

    @Override
    public void launch(long blocks) {
      if (blocks == 0) {
        return;
      }
      requireOpen();
      tell();
      global.set(JAVA_LONG, 0, blocks * threads);
      try {
        int status =
            (int)
                cl.launch.invokeExact(
                    queue,
                    kernel,
                    1,
                    MemorySegment.NULL,
                    global,
                    local,
                    0,
                    MemorySegment.NULL,
                    MemorySegment.NULL);
        if (status != 0) {
          OpenCl.check(status, "launch of kernel " + name);
        }
      } catch (Throwable t) {
        throw NativeLibrary.unexpected(t);
      }
    }

    private void tell() {
      synchronized (OpenClDevice.this) {
        if (told == version) {
          return;
        }
        List<Long> all = new ArrayList<>(live);
        cl.setReached(kernel, all);
        told = version;
      }
    }
  }
}
