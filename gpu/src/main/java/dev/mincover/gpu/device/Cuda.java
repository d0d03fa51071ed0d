package dev.mincover.gpu.device;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The functions of the CUDA driver that a device needs. Its constants are those of its header. */
final class Cuda {

  static final int MULTIPROCESSORS = 16;
  static final int MAJOR = 75;
  static final int MINOR = 76;

  static final int OUT_OF_MEMORY = 2;

  private static @Nullable Cuda instance;

  final MethodHandle setCurrent;
  final MethodHandle allocate;
  final MethodHandle free;
  final MethodHandle allocateHost;
  final MethodHandle freeHost;
  final MethodHandle upload;
  final MethodHandle download;
  final MethodHandle copy;
  final MethodHandle fill;
  final MethodHandle memory;
  final MethodHandle launch;
  final MethodHandle createStream;
  final MethodHandle destroyStream;
  final MethodHandle synchronizeStream;
  private final MethodHandle errorName;
  private final MethodHandle errorText;
  private final MethodHandle deviceCount;
  private final MethodHandle deviceName;
  private final MethodHandle attribute;
  private final MethodHandle driverVersion;
  private final MethodHandle retainContext;
  private final MethodHandle releaseContext;
  private final MethodHandle load;
  private final MethodHandle unload;
  private final MethodHandle function;

  private Cuda() {
    NativeLibrary library =
        NativeLibrary.open(
            "the CUDA driver's library is missing (NVIDIA's driver brings it)",
            "mincover.cuda",
            List.of("libcuda.so.1", "libcuda.so", "nvcuda.dll"),
            List.of("/usr/local/nvidia/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/wsl/lib"));
    errorName = library.function("cuGetErrorName", JAVA_INT, ADDRESS);
    errorText = library.function("cuGetErrorString", JAVA_INT, ADDRESS);
    setCurrent = library.function("cuCtxSetCurrent", ADDRESS);
    allocate = library.function("cuMemAlloc_v2", ADDRESS, JAVA_LONG);
    free = library.function("cuMemFree_v2", JAVA_LONG);
    allocateHost = library.function("cuMemAllocHost_v2", ADDRESS, JAVA_LONG);
    freeHost = library.function("cuMemFreeHost", ADDRESS);
    upload = library.function("cuMemcpyHtoDAsync_v2", JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS);
    download = library.function("cuMemcpyDtoHAsync_v2", ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS);
    copy = library.function("cuMemcpyDtoDAsync_v2", JAVA_LONG, JAVA_LONG, JAVA_LONG, ADDRESS);
    fill = library.function("cuMemsetD8Async", JAVA_LONG, JAVA_BYTE, JAVA_LONG, ADDRESS);
    memory = library.function("cuMemGetInfo_v2", ADDRESS, ADDRESS);
    launch =
        library.function(
            "cuLaunchKernel",
            ADDRESS,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            JAVA_INT,
            ADDRESS,
            ADDRESS,
            ADDRESS);
    createStream = library.function("cuStreamCreate", ADDRESS, JAVA_INT);
    destroyStream = library.function("cuStreamDestroy_v2", ADDRESS);
    synchronizeStream = library.function("cuStreamSynchronize", ADDRESS);
    deviceCount = library.function("cuDeviceGetCount", ADDRESS);
    deviceName = library.function("cuDeviceGetName", ADDRESS, JAVA_INT, JAVA_INT);
    attribute = library.function("cuDeviceGetAttribute", ADDRESS, JAVA_INT, JAVA_INT);
    driverVersion = library.function("cuDriverGetVersion", ADDRESS);
    retainContext = library.function("cuDevicePrimaryCtxRetain", ADDRESS, JAVA_INT);
    releaseContext = library.function("cuDevicePrimaryCtxRelease_v2", JAVA_INT);
    load = library.function("cuModuleLoadData", ADDRESS, ADDRESS);
    unload = library.function("cuModuleUnload", ADDRESS);
    function = library.function("cuModuleGetFunction", ADDRESS, ADDRESS, ADDRESS);
    MethodHandle start = library.function("cuInit", JAVA_INT);
    try {
      check((int) start.invokeExact(0), "to start");
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  /** The library, loaded when first asked for. */
  static synchronized Cuda get() {
    Cuda found = instance;
    if (found == null) {
      found = new Cuda();
      instance = found;
    }
    return found;
  }

  void check(int status, String what) {
    if (status != 0) {
      throw new DeviceException(
          "CUDA refuses %s: %s (%d)".formatted(what, words(status), status), status);
    }
  }

  private String words(int status) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(ADDRESS);
      String name =
          (int) errorName.invokeExact(status, text) == 0
              ? NativeLibrary.string(text.get(ADDRESS, 0))
              : "unknown";
      String words =
          (int) errorText.invokeExact(status, text) == 0
              ? NativeLibrary.string(text.get(ADDRESS, 0))
              : "";
      return name + ", " + words;
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  /** How many devices there are. */
  int devices() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment count = arena.allocate(JAVA_INT);
      check((int) deviceCount.invokeExact(count), "to count devices");
      return count.get(JAVA_INT, 0);
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  int attribute(int device, int what) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment value = arena.allocate(JAVA_INT);
      check((int) attribute.invokeExact(value, what, device), "information");
      return value.get(JAVA_INT, 0);
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  String description(int device) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(256);
      check((int) deviceName.invokeExact(text, 256, device), "a name");
      MemorySegment version = arena.allocate(JAVA_INT);
      check((int) driverVersion.invokeExact(version), "its version");
      int number = version.get(JAVA_INT, 0); // 13000 is 13.0
      return "CUDA: %s (sm_%d%d, driver for CUDA %d.%d)"
          .formatted(
              text.getString(0),
              attribute(device, MAJOR),
              attribute(device, MINOR),
              number / 1000,
              number % 1000 / 10);
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  /** The context that all users of the runtime in this process share. */
  MemorySegment retainContext(int device) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment context = arena.allocate(ADDRESS);
      check((int) retainContext.invokeExact(context, device), "a context");
      return context.get(ADDRESS, 0);
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  void releaseContext(int device) {
    try {
      check((int) releaseContext.invokeExact(device), "to release a context");
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  MemorySegment load(byte[] code) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment module = arena.allocate(ADDRESS);
      MemorySegment image = arena.allocateFrom(JAVA_BYTE, code);
      check((int) load.invokeExact(module, image), "to load kernels");
      return module.get(ADDRESS, 0);
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  void unload(MemorySegment module) {
    try {
      check((int) unload.invokeExact(module), "to unload kernels");
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  MemorySegment function(MemorySegment module, String name) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment found = arena.allocate(ADDRESS);
      check((int) function.invokeExact(found, module, arena.allocateFrom(name)), "kernel " + name);
      return found.get(ADDRESS, 0);
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }
}
