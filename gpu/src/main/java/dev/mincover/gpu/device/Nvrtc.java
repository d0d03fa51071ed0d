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

/** NVIDIA's compiler as a library. */
final class Nvrtc {

  private static @Nullable Nvrtc instance;

  private final MethodHandle create;
  private final MethodHandle compile;
  private final MethodHandle codeSize;
  private final MethodHandle code;
  private final MethodHandle logSize;
  private final MethodHandle log;
  private final MethodHandle destroy;
  private final MethodHandle errorText;

  private Nvrtc() {
    NativeLibrary library =
        NativeLibrary.open(
            "NVRTC, the compiler of the CUDA toolkit, is missing (Debian: libnvrtc12)",
            "mincover.nvrtc",
            List.of("libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so", "nvrtc64_120_0.dll"),
            List.of(
                "/usr/local/cuda/lib64",
                "/usr/local/cuda/targets/x86_64-linux/lib",
                "/usr/lib/x86_64-linux-gnu"));
    // It opens its builtins by name alone, and finds them only if they have been loaded.
    library.loadNeighbour("libnvrtc-builtins.so");
    create =
        library.function(
            "nvrtcCreateProgram", ADDRESS, ADDRESS, ADDRESS, JAVA_INT, ADDRESS, ADDRESS);
    compile = library.function("nvrtcCompileProgram", ADDRESS, JAVA_INT, ADDRESS);
    codeSize = library.function("nvrtcGetCUBINSize", ADDRESS, ADDRESS);
    code = library.function("nvrtcGetCUBIN", ADDRESS, ADDRESS);
    logSize = library.function("nvrtcGetProgramLogSize", ADDRESS, ADDRESS);
    log = library.function("nvrtcGetProgramLog", ADDRESS, ADDRESS);
    destroy = library.function("nvrtcDestroyProgram", ADDRESS);
    errorText = library.pointer("nvrtcGetErrorString", JAVA_INT);
  }

  /** The library, loaded when first asked for. */
  static synchronized Nvrtc get() {
    Nvrtc found = instance;
    if (found == null) {
      found = new Nvrtc();
      instance = found;
    }
    return found;
  }

  private void check(int status, String what) throws Throwable {
    if (status != 0) {
      String words = NativeLibrary.string((MemorySegment) errorText.invokeExact(status));
      throw new DeviceException("NVRTC refuses %s: %s".formatted(what, words), status);
    }
  }

  /** Machine code for the architecture that the options name; a PTX could be too new a one. */
  byte[] compile(String source, List<String> options) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ADDRESS);
      MemorySegment text = arena.allocateFrom(source);
      MemorySegment name = arena.allocateFrom("mincover.cu");
      check(
          (int) create.invokeExact(out, text, name, 0, MemorySegment.NULL, MemorySegment.NULL),
          "a program");
      MemorySegment program = out.get(ADDRESS, 0);
      try {
        MemorySegment all = arena.allocate(ADDRESS, options.size());
        for (int i = 0; i < options.size(); i++) {
          all.setAtIndex(ADDRESS, i, arena.allocateFrom(options.get(i)));
        }
        int status = (int) compile.invokeExact(program, options.size(), all);
        if (status != 0) {
          check(status, "to compile with %s:%n%s".formatted(options, log(program, arena)));
        }
        MemorySegment size = arena.allocate(JAVA_LONG);
        check((int) codeSize.invokeExact(program, size), "machine code");
        MemorySegment compiled = arena.allocate(size.get(JAVA_LONG, 0));
        check((int) code.invokeExact(program, compiled), "machine code");
        return compiled.toArray(JAVA_BYTE);
      } finally {
        check((int) destroy.invokeExact(out), "to forget a program");
      }
    } catch (Throwable t) {
      throw NativeLibrary.unexpected(t);
    }
  }

  private String log(MemorySegment program, Arena arena) throws Throwable {
    MemorySegment size = arena.allocate(JAVA_LONG);
    check((int) logSize.invokeExact(program, size), "a log");
    MemorySegment text = arena.allocate(size.get(JAVA_LONG, 0) + 1);
    check((int) log.invokeExact(program, text), "a log");
    return text.getString(0);
  }
}
