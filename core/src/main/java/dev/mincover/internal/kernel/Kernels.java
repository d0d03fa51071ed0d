package dev.mincover.internal.kernel;

import dev.mincover.internal.storage.VectorSupport;
import dev.mincover.tensor.DataType;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;

/** Where kernels come from: one of these serves a whole JVM, or a test. */
public sealed interface Kernels permits ScalarKernels, VectorKernels {

  /** Kernels that run everywhere. */
  Kernels SCALAR = new ScalarKernels();

  /** The kernel for a spec. */
  RowKernel of(KernelSpec spec);

  /** The most values of a register that fill rows of a length; 0 if none do. */
  int narrow(long rowLength);

  /**
   * The largest magnitude of n values.
   *
   * @param type float32 or bfloat16
   * @param at where they start, in bytes
   * @return its bits as float32, which are above {@link RowKernel#INFINITY} for NaN; 0 if n is 0
   */
  int largest(DataType type, MemorySegment g, long at, int n);

  /**
   * The fastest kernels of this JVM, chosen by {@link VectorSupport}. Results do not depend on
   * them.
   *
   * @throws IllegalArgumentException if {@link VectorSupport#PROPERTY} asks for what is not there
   */
  static Kernels fastest() {
    VectorSupport.ofThisJvm();
    return Fastest.KERNELS;
  }

  /** Chooses once per JVM, so that the choice is logged once. */
  final class Fastest {
    private static final Kernels KERNELS = choose();

    private Fastest() {}

    private static Kernels choose() {
      VectorSupport support = VectorSupport.ofThisJvm();
      Kernels kernels = SCALAR;
      if (support.isUsed()) {
        try {
          kernels = new VectorKernels();
          kernels.of(
              KernelSpec.PLAIN); // Defines a class from the template, or shows that it cannot.
        } catch (LinkageError e) {
          kernels = SCALAR;
          support = VectorSupport.unfit(e);
        }
      }
      // What is as it should be is not worth a line on everybody's terminal.
      System.getLogger("dev.mincover")
          .log(
              support.isUsed() ? Level.DEBUG : Level.INFO,
              "Mincover runs its %s kernel%s: %s"
                  .formatted(
                      support.isUsed() ? "vector" : "scalar",
                      support.isUsed() ? "" : " (same results, slower)",
                      support.reason()));
      return kernels;
    }
  }
}
