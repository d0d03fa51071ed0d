/**
 * The optimizers of Mincover on the memory of devices, by the CUDA driver or OpenCL.
 *
 * <p>Depends on core and the JDK alone. Start the JVM with {@code --enable-native-access} for this
 * module.
 */
@org.jspecify.annotations.NullMarked
module dev.mincover.gpu {
  requires static org.jspecify;
  requires transitive dev.mincover.core;

  exports dev.mincover.gpu;
  exports dev.mincover.gpu.device;
}
