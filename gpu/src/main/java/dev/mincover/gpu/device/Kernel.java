package dev.mincover.gpu.device;

/**
 * A function that runs on a device, and its arguments, which stay as they are set from launch to
 * launch. Not for several threads at once.
 */
public interface Kernel {

  /** Sets an argument that is an int64, or an address. */
  void set(int index, long value);

  /** Sets an argument that is a float32. */
  void set(int index, float value);

  /** Runs it once in so many blocks of threads, after all work given to the device before. */
  void launch(long blocks);
}
