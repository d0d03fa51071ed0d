package dev.mincover.internal.kernel;

import dev.mincover.tensor.DataType;
import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;

/** Where kernels come from. */
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

  /** The fastest kernels of this JVM. */
  static Kernels fastest() {
    return Fastest.KERNELS;
  }

  /** Chooses once a JVM, so that a refusal is said once. */
  final class Fastest {
    private static final Kernels KERNELS = choose();

    private Fastest() {}

    private static Kernels choose() {
      String refusal;
      if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
        refusal =
            "start the JVM with --add-modules jdk.incubator.vector for the fast vector kernel";
      } else if (!VectorKernels.areFast()) {
        refusal = "this processor has no vector registers of 128 bits or more";
      } else {
        return new VectorKernels();
      }
      System.getLogger("dev.mincover")
          .log(Level.INFO, "Mincover runs its scalar kernel (same results, slower): " + refusal);
      return SCALAR;
    }
  }
}
