package dev.mincover.lab.libtorch;

import dev.mincover.lab.common.Machine;
import dev.mincover.lab.common.UserError;
import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.Loader;

/**
 * The environment variables by which libtorch and its BLAS choose their code for a processor.
 *
 * <p>Different code adds in a different order, so that the last bits of losses depend on the kind
 * of processor. The portable choice is code that every x86-64 processor with AVX2 and FMA can run,
 * and gives equal losses on all of them.
 */
public final class CpuSwitches {

  private static final String OPENBLAS = "OPENBLAS_CORETYPE"; // Matrix products.
  private static final String ATEN = "ATEN_CPU_CAPABILITY"; // Softmax, exp, random numbers.
  private static final String ONEDNN = "ONEDNN_MAX_CPU_ISA"; // GELU, products in 16 bits.

  private static final SortedMap<String, String> PORTABLE =
      Collections.unmodifiableSortedMap(
          new TreeMap<>(Map.of(OPENBLAS, "HASWELL", ATEN, "avx2", ONEDNN, "AVX2")));

  private CpuSwitches() {}

  /** The variables that are set in this process, with their values. */
  public static SortedMap<String, String> inForce() {
    SortedMap<String, String> set = new TreeMap<>();
    for (String name : PORTABLE.keySet()) {
      String value = ProcessEnvironment.get(name);
      if (value != null) {
        set.put(name, value);
      }
    }
    return set;
  }

  /**
   * Makes the portable choice for this process, whatever its environment says. To be called before
   * libtorch is loaded.
   *
   * @throws UserError if this platform cannot follow it
   * @throws IllegalStateException if libtorch is loaded already, with another choice
   */
  public static void usePortable() {
    requirePortable(
        System.getProperty("os.arch"), Machine.processorFlags(), ProcessEnvironment.isWritable());
    if (inForce().equals(PORTABLE)) {
      return;
    }
    if (Loader.getLoadedLibraries().keySet().stream().anyMatch(name -> name.contains("torch"))) {
      throw new IllegalStateException("libtorch is loaded already, and has chosen its code");
    }
    PORTABLE.forEach(ProcessEnvironment::set);
  }

  /**
   * Refuses platforms that cannot follow the portable choice.
   *
   * @param architecture as Java names it
   * @param flags what the processor can do, as Linux names it
   * @param writable whether a process can set its own variables
   */
  static void requirePortable(String architecture, Set<String> flags, boolean writable) {
    if (!Set.of("amd64", "x86_64").contains(architecture.toLowerCase(Locale.ROOT))) {
      throw new UserError(
          "--portable is for x86-64 processors, and this is %s; leave it out"
              .formatted(architecture));
    }
    if (!writable) {
      throw new UserError(
          "--portable cannot set variables of its own process on this system; leave it out, and set %s before the start"
              .formatted(
                  PORTABLE.entrySet().stream()
                      .map(each -> each.getKey() + "=" + each.getValue())
                      .collect(Collectors.joining(" "))));
    }
    if (!flags.containsAll(Set.of("avx2", "fma"))) {
      throw new UserError(
          "--portable is for processors with AVX2 and FMA, and %s has not both; leave it out"
              .formatted(Machine.processor()));
    }
  }
}
