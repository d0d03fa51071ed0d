package dev.mincover.lab.libtorch;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * The environment of this process as native libraries see it. {@link System#getenv} is a copy that
 * the JVM makes at its start.
 */
@SuppressWarnings("restricted")
final class ProcessEnvironment {

  private static final Linker LINKER = Linker.nativeLinker();
  private static final SymbolLookup C = LINKER.defaultLookup();

  private ProcessEnvironment() {}

  /** Whether {@link #set} works: it needs a C library that follows POSIX. */
  static boolean isWritable() {
    return C.find("setenv").isPresent();
  }

  /** The value of a variable; null if it is not set. */
  static @Nullable String get(String name) {
    try (Arena arena = Arena.ofConfined()) {
      MethodHandle getenv = handle("getenv", FunctionDescriptor.of(ADDRESS, ADDRESS));
      MemorySegment value = (MemorySegment) getenv.invokeExact(arena.allocateFrom(name));
      return value.address() == 0 ? null : value.reinterpret(Long.MAX_VALUE).getString(0);
    } catch (Throwable e) {
      throw new IllegalStateException("getenv " + name, e);
    }
  }

  /** Sets a variable, replacing an older value. */
  static void set(String name, String value) {
    int result;
    try (Arena arena = Arena.ofConfined()) {
      MethodHandle setenv =
          handle("setenv", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT));
      int replace = 1;
      result =
          (int) setenv.invokeExact(arena.allocateFrom(name), arena.allocateFrom(value), replace);
    } catch (Throwable e) {
      throw new IllegalStateException("setenv " + name, e);
    }
    if (result != 0) {
      throw new IllegalStateException("setenv %s failed".formatted(name));
    }
  }

  private static MethodHandle handle(String function, FunctionDescriptor type) {
    return LINKER.downcallHandle(C.findOrThrow(function), type);
  }
}
