package dev.mincover.gpu.device;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The functions of OpenCL that a device needs. Its constants are those of the specification. */
final class OpenCl {

  static final long CPU = 2;

  private static final long ALL = 0xffffffffL;

  // What may be asked of a device.
  static final int TYPE = 0x1000;
  static final int MAX_COMPUTE_UNITS = 0x1002;
  static final int GLOBAL_MEMORY = 0x101f;
  static final int SINGLE_FP_CONFIG = 0x101b;
  static final int DOUBLE_FP_CONFIG = 0x1032;
  static final int SVM_CAPABILITIES = 0x1053;
  private static final int DEVICE_NAME = 0x102b;
  private static final int DRIVER_VERSION = 0x102d;
  private static final int C_VERSION = 0x103d;
  private static final int PLATFORM_NAME = 0x0902;

  // Bits of a configuration of floats.
  static final long DENORMALS = 1;
  static final long ROUNDS_DIVISION = 1 << 7;

  private static final int BUILD_LOG = 0x1183;
  private static final int SVM_POINTERS = 0x11b6;
  private static final int NO_DEVICE = -1;
  private static final int NO_PLATFORM = -1001;

  private static @Nullable OpenCl instance;

  final MethodHandle setArgument;
  final MethodHandle launch;
  final MethodHandle finish;
  final MethodHandle svmAlloc;
  final MethodHandle svmFree;
  final MethodHandle svmCopy;
  final MethodHandle svmFill;
  private final MethodHandle platforms;
  private final MethodHandle platformInfo;
  private final MethodHandle deviceIds;
  private final MethodHandle deviceInfo;
  private final MethodHandle context;
  private final MethodHandle queue;
  private final MethodHandle program;
  private final MethodHandle build;
  private final MethodHandle buildInfo;
  private final MethodHandle kernel;
  private final MethodHandle execInfo;
  private final MethodHandle releaseProgram;
  private final MethodHandle releaseQueue;
  private final MethodHandle releaseContext;

  /** A device that was found. */
  record Found(MemorySegment device, long type, String description) {}

  private OpenCl() {
    NativeLibrary library =
        NativeLibrary.open(
            "OpenCL's library is missing (Debian: ocl-icd-libopencl1)",
            "mincover.opencl",
            List.of("libOpenCL.so.1", "libOpenCL.so", "OpenCL.dll"),
            List.of());
    setArgument = library.function("clSetKernelArg", ADDRESS, JAVA_INT, JAVA_LONG, ADDRESS);
    launch =
        library.function(
            "clEnqueueNDRangeKernel",
            ADDRESS,
            ADDRESS,
            JAVA_INT,
            ADDRESS,
            ADDRESS,
            ADDRESS,
            JAVA_INT,
            ADDRESS,
            ADDRESS);
    finish = library.function("clFinish", ADDRESS);
    svmAlloc = library.pointer("clSVMAlloc", ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_INT);
    svmFree = library.procedure("clSVMFree", ADDRESS, ADDRESS);
    svmCopy =
        library.function(
            "clEnqueueSVMMemcpy",
            ADDRESS,
            JAVA_INT,
            ADDRESS,
            ADDRESS,
            JAVA_LONG,
            JAVA_INT,
            ADDRESS,
            ADDRESS);
    svmFill =
        library.function(
            "clEnqueueSVMMemFill",
            ADDRESS,
            ADDRESS,
            ADDRESS,
            JAVA_LONG,
            JAVA_LONG,
            JAVA_INT,
            ADDRESS,
            ADDRESS);
    platforms = library.function("clGetPlatformIDs", JAVA_INT, ADDRESS, ADDRESS);
    platformInfo =
        library.function("clGetPlatformInfo", ADDRESS, JAVA_INT, JAVA_LONG, ADDRESS, ADDRESS);
    deviceIds = library.function("clGetDeviceIDs", ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS, ADDRESS);
    deviceInfo =
        library.function("clGetDeviceInfo", ADDRESS, JAVA_INT, JAVA_LONG, ADDRESS, ADDRESS);
    context =
        library.pointer("clCreateContext", ADDRESS, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS);
    queue =
        library.pointer("clCreateCommandQueueWithProperties", ADDRESS, ADDRESS, ADDRESS, ADDRESS);
    program =
        library.pointer("clCreateProgramWithSource", ADDRESS, JAVA_INT, ADDRESS, ADDRESS, ADDRESS);
    build =
        library.function("clBuildProgram", ADDRESS, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS);
    buildInfo =
        library.function(
            "clGetProgramBuildInfo", ADDRESS, ADDRESS, JAVA_INT, JAVA_LONG, ADDRESS, ADDRESS);
    kernel = library.pointer("clCreateKernel", ADDRESS, ADDRESS, ADDRESS);
    execInfo = library.function("clSetKernelExecInfo", ADDRESS, JAVA_INT, JAVA_LONG, ADDRESS);
    releaseProgram = library.function("clReleaseProgram", ADDRESS);
    releaseQueue = library.function("clReleaseCommandQueue", ADDRESS);
    releaseContext = library.function("clReleaseContext", ADDRESS);
  }

  /** The library, loaded when first asked for. */
  static synchronized OpenCl get() {
    OpenCl found = instance;
    if (found == null) {
      found = new OpenCl();
      instance = found;
    }
    return found;
  }

  static void check(int status, String what) {
    if (status != 0) {
      throw new DeviceException(
          "OpenCL refuses %s: %s (%d)".formatted(what, name(status), status), status);
    }
  }

  /** The specification's word for a status that users meet. */
  private static String name(int status) {
    return switch (status) {
      case NO_DEVICE -> "DEVICE_NOT_FOUND";
      case -3 -> "COMPILER_NOT_AVAILABLE";
      case -4 -> "MEM_OBJECT_ALLOCATION_FAILURE";
      case -5 -> "OUT_OF_RESOURCES";
      case -6 -> "OUT_OF_HOST_MEMORY";
      case -11 -> "BUILD_PROGRAM_FAILURE";
      case -30 -> "INVALID_VALUE";
      case -36 -> "INVALID_COMMAND_QUEUE";
      case -46 -> "INVALID_KERNEL_NAME";
      case -52 -> "INVALID_KERNEL_ARGS";
      case -54 -> "INVALID_WORK_GROUP_SIZE";
      default -> "error";
    };
  }

  /** All devices of all platforms. */
  List<Found> devices() {
    List<Found> found = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment count = arena.allocate(JAVA_INT);
      MemorySegment ids = arena.allocate(ADDRESS, 64);
      int status = (int) platforms.invokeExact(64, ids, count);
      if (status == NO_PLATFORM) {
        return found;
      }
      check(status, "to list platforms");
      for (int i = 0; i < count.get(JAVA_INT, 0); i++) {
        addDevices(ids.getAtIndex(ADDRESS, i), arena, found);
      }
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
    return found;
  }

  private void addDevices(MemorySegment platform, Arena arena, List<Found> found) throws Throwable {
    MemorySegment count = arena.allocate(JAVA_INT);
    MemorySegment ids = arena.allocate(ADDRESS, 64);
    int status = (int) deviceIds.invokeExact(platform, ALL, 64, ids, count);
    if (status == NO_DEVICE) {
      return;
    }
    check(status, "to list devices");
    String name = text(platformInfo, platform, PLATFORM_NAME);
    for (int i = 0; i < count.get(JAVA_INT, 0); i++) {
      MemorySegment device = ids.getAtIndex(ADDRESS, i);
      String description =
          "OpenCL: %s (%s, driver %s)"
              .formatted(
                  text(deviceInfo, device, DEVICE_NAME),
                  name,
                  text(deviceInfo, device, DRIVER_VERSION));
      found.add(new Found(device, number(device, TYPE), description));
    }
  }

  private static String text(MethodHandle function, MemorySegment of, int what) throws Throwable {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(4096);
      check(
          (int) function.invokeExact(of, what, text.byteSize(), text, MemorySegment.NULL),
          "information");
      return text.getString(0).strip();
    }
  }

  /** A number of up to 8 bytes that a device gives; 0 if it does not know the question. */
  long number(MemorySegment device, int what) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(JAVA_LONG);
      int status =
          (int) deviceInfo.invokeExact(device, what, value.byteSize(), value, MemorySegment.NULL);
      return status == 0 ? value.get(JAVA_LONG, 0) : 0;
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  /** The version of the language to compile for, such as 1.2. */
  String version(MemorySegment device) {
    try {
      String text = text(deviceInfo, device, C_VERSION); // OpenCL C 1.2 and what a vendor adds
      String version = text.replaceFirst("OpenCL C (\\d\\.\\d).*", "$1");
      return version.length() == 3 ? version : "1.2";
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  MemorySegment createContext(MemorySegment device) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment status = arena.allocate(JAVA_INT);
      MemorySegment ids = arena.allocateFrom(ADDRESS, device);
      MemorySegment created =
          (MemorySegment)
              context.invokeExact(
                  MemorySegment.NULL, 1, ids, MemorySegment.NULL, MemorySegment.NULL, status);
      check(status.get(JAVA_INT, 0), "a context");
      return created;
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  MemorySegment createQueue(MemorySegment context, MemorySegment device) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment status = arena.allocate(JAVA_INT);
      MemorySegment created =
          (MemorySegment) queue.invokeExact(context, device, MemorySegment.NULL, status);
      check(status.get(JAVA_INT, 0), "a queue");
      return created;
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  MemorySegment build(MemorySegment context, MemorySegment device, String source, String options) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment status = arena.allocate(JAVA_INT);
      MemorySegment text = arena.allocateFrom(ADDRESS, arena.allocateFrom(source));
      MemorySegment created =
          (MemorySegment) program.invokeExact(context, 1, text, MemorySegment.NULL, status);
      check(status.get(JAVA_INT, 0), "a program");
      int built =
          (int)
              build.invokeExact(
                  created,
                  0,
                  MemorySegment.NULL,
                  arena.allocateFrom(options),
                  MemorySegment.NULL,
                  MemorySegment.NULL);
      if (built != 0) {
        String log = log(created, device, arena);
        releaseProgram(created);
        check(built, "to compile with %s:%n%s".formatted(options, log));
      }
      return created;
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  private String log(MemorySegment program, MemorySegment device, Arena arena) throws Throwable {
    MemorySegment size = arena.allocate(JAVA_LONG);
    int asked =
        (int) buildInfo.invokeExact(program, device, BUILD_LOG, 0L, MemorySegment.NULL, size);
    if (asked != 0) {
      return "no log";
    }
    MemorySegment text = arena.allocate(size.get(JAVA_LONG, 0) + 1);
    int read =
        (int)
            buildInfo.invokeExact(
                program, device, BUILD_LOG, text.byteSize(), text, MemorySegment.NULL);
    return read == 0 ? text.getString(0) : "no log";
  }

  MemorySegment createKernel(MemorySegment program, String name) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment status = arena.allocate(JAVA_INT);
      MemorySegment created =
          (MemorySegment) kernel.invokeExact(program, arena.allocateFrom(name), status);
      check(status.get(JAVA_INT, 0), "kernel " + name);
      return created;
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  /** Says which memory a kernel may find by addresses that lie in memory. */
  void setReached(MemorySegment kernel, List<Long> addresses) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment all =
          arena.allocateFrom(JAVA_LONG, addresses.stream().mapToLong(Long::longValue).toArray());
      check(
          (int) execInfo.invokeExact(kernel, SVM_POINTERS, all.byteSize(), all),
          "the memory of a kernel");
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  void releaseProgram(MemorySegment program) {
    release(releaseProgram, program);
  }

  void releaseQueueAndContext(MemorySegment queue, MemorySegment context) {
    release(releaseQueue, queue);
    release(releaseContext, context);
  }

  private static void release(MethodHandle function, MemorySegment object) {
    try {
      check((int) function.invokeExact(object), "a release");
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }
}
