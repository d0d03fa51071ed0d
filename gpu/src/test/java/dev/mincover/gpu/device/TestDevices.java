package dev.mincover.gpu.device;

import java.util.List;

/** Devices as only tests want them. */
public final class TestDevices {

  private TestDevices() {}

  /** The first of OpenCL, with the threads of a block counted from the other end. */
  public static Device backwards() {
    return with(List.of("BACKWARDS"));
  }

  /** The first of OpenCL, whose kernels are compiled with further definitions. */
  public static Device with(List<String> definitions) {
    return Device.openCl(definitions);
  }
}
