/**
 * The memory-efficient adaptive optimizer SM3 (arXiv:1901.11150) over memory segments.
 *
 * <p>Depends on the JDK alone. Start the JVM with {@code --add-modules jdk.incubator.vector} for
 * the fast kernel; without it every result is the same, bit for bit, and slower.
 */
@SuppressWarnings("module") // The module on devices is compiled after this one.
@org.jspecify.annotations.NullMarked
module dev.mincover.core {
  requires static org.jspecify;
  requires static jdk.incubator.vector;
  requires static jdk.management;

  exports dev.mincover;
  exports dev.mincover.average;
  exports dev.mincover.checkpoint;
  exports dev.mincover.cover;
  exports dev.mincover.recipe;
  exports dev.mincover.schedule;
  exports dev.mincover.tensor;
  exports dev.mincover.internal.gradient to
      dev.mincover.gpu;
  exports dev.mincover.internal.kernel to
      dev.mincover.gpu;
  exports dev.mincover.internal.pass to
      dev.mincover.gpu;
  exports dev.mincover.internal.rows to
      dev.mincover.gpu;
  exports dev.mincover.internal.step to
      dev.mincover.gpu;
  exports dev.mincover.internal.storage to
      dev.mincover.gpu;
}
