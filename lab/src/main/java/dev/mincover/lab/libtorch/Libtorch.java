package dev.mincover.lab.libtorch;

import org.bytedeco.openblas.global.openblas_nolapack;
import org.bytedeco.pytorch.global.torch;

/** Settings of libtorch and its BLAS that hold for the whole process. */
public final class Libtorch {

  private Libtorch() {}

  /**
   * Lets pointers come and go without asking the system each time how much memory the process has,
   * which takes longer than a small tensor operation, and without a limit on it. To be called
   * before there is a pointer.
   */
  public static void watchNoMemory() {
    System.setProperty("org.bytedeco.javacpp.maxPhysicalBytes", "0");
  }

  /**
   * Keeps each operation on the thread that asks for it. Small operations gain little from threads
   * inside them, and threads that spin while they wait for each other lose most of their speed as
   * soon as anything else wants a core.
   */
  public static void useOneThreadAnOperation() {
    torch.set_num_threads(1);
    openblas_nolapack.blas_set_num_threads(1);
  }
}
