package dev.mincover.lab.libtorch;

import org.bytedeco.openblas.global.openblas_nolapack;
import org.bytedeco.pytorch.global.torch;

/** Settings of libtorch and its BLAS for the whole process. */
public final class Libtorch {

  private Libtorch() {}

  /**
   * Switches off JavaCPP's limit on memory. To check the limit, JavaCPP asks the system for the
   * memory of the process at every allocation, which takes longer than a small tensor operation.
   * Must be called before the first pointer is made.
   */
  public static void watchNoMemory() {
    System.setProperty("org.bytedeco.javacpp.maxPhysicalBytes", "0");
  }

  /**
   * Runs each operation on the thread that calls it. Small operations gain little from threads
   * inside them, and threads that spin while they wait lose most of their speed as soon as another
   * program needs a core.
   */
  public static void useOneThreadAnOperation() {
    torch.set_num_threads(1);
    openblas_nolapack.blas_set_num_threads(1);
  }
}
