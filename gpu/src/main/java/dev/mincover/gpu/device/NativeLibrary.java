package dev.mincover.gpu.device;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A shared library of a driver, found by name where the system looks for libraries, or as a file in
 * a folder. Libraries stay loaded.
 */
final class NativeLibrary {

  private static final Linker LINKER = Linker.nativeLinker();

  private final String name;
  private final SymbolLookup symbols;

  private NativeLibrary(String name, SymbolLookup symbols) {
    this.name = name;
    this.symbols = symbols;
  }

  /**
   * Opens the first library that is there.
   *
   * @param what it is, in words, with the remedy for its lack
   * @param property the system property that names a file to use instead
   * @param names to try, in order
   * @param folders in which files of those names are tried after that
   * @throws DeviceException if there is none, naming all that was tried
   */
  static NativeLibrary open(
      String what, String property, List<String> names, List<String> folders) {
    String given = System.getProperty(property);
    List<String> tried = new ArrayList<>();
    for (String candidate : given != null ? List.of(given) : candidates(names, folders)) {
      Optional<SymbolLookup> found = load(candidate);
      if (found.isPresent()) {
        return new NativeLibrary(candidate, found.get());
      }
      tried.add(candidate);
    }
    throw new DeviceException(
        "%s: found none of %s%s; or name the file with -D%s"
            .formatted(
                what,
                String.join(", ", tried),
                given == null && !folders.isEmpty() ? " and none in " + folders : "",
                property));
  }

  private static List<String> candidates(List<String> names, List<String> folders) {
    List<String> all = new ArrayList<>(names);
    for (String folder : folders) {
      for (String name : names) {
        Path file = Path.of(folder, name);
        if (Files.exists(file)) {
          all.add(file.toString());
        }
      }
    }
    return all;
  }

  @SuppressWarnings("restricted")
  private static Optional<SymbolLookup> load(String name) {
    try {
      return Optional.of(
          name.contains("/")
              ? SymbolLookup.libraryLookup(Path.of(name), Arena.global())
              : SymbolLookup.libraryLookup(name, Arena.global()));
    } catch (IllegalArgumentException _) {
      return Optional.empty();
    }
  }

  /** Loads a file that lies beside this library, if it was found as a file, and has that prefix. */
  void loadNeighbour(String prefix) {
    if (!name.contains("/")) {
      return;
    }
    try {
      Path folder = Path.of(name).toRealPath().getParent();
      if (folder == null) {
        return;
      }
      try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, prefix + "*")) {
        for (Path file : files) {
          if (load(file.toString()).isPresent()) {
            return;
          }
        }
      }
    } catch (IOException _) {
      // Its user says what it lacks.
    }
  }

  /** A function that returns a status, an int. */
  MethodHandle function(String function, MemoryLayout... arguments) {
    return of(function, FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments));
  }

  /** A function that returns an address. */
  MethodHandle pointer(String function, MemoryLayout... arguments) {
    return of(function, FunctionDescriptor.of(ValueLayout.ADDRESS, arguments));
  }

  /** A function that returns nothing. */
  MethodHandle procedure(String function, MemoryLayout... arguments) {
    return of(function, FunctionDescriptor.ofVoid(arguments));
  }

  @SuppressWarnings("restricted")
  private MethodHandle of(String function, FunctionDescriptor type) {
    MemorySegment address =
        symbols
            .find(function)
            .orElseThrow(() ->
                new DeviceException(
                    "library %s is too old: it has no %s".formatted(name, function)));
    return LINKER.downcallHandle(address, type);
  }

  /** What a call threw that declares everything. */
  static RuntimeException unexpected(Throwable thrown) {
    return switch (thrown) {
      case RuntimeException exception -> exception;
      case Error error -> throw error;
      default -> new IllegalStateException(thrown);
    };
  }

  /** A C string. */
  @SuppressWarnings("restricted")
  static String string(MemorySegment text) {
    return text.equals(MemorySegment.NULL) ? "" : text.reinterpret(Long.MAX_VALUE).getString(0);
  }
}
