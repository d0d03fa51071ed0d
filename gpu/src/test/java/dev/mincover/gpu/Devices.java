package dev.mincover.gpu;

import dev.mincover.gpu.device.Device;
import dev.mincover.gpu.device.TestDevices;

/**
 * The devices of all tests: OpenCL's, which is the CPU by PoCL where there is no GPU, with the
 * threads of a block counted from either end. That it is missing is a failure, and no reason to
 * skip a test: no kernel would be proven.
 */
enum Devices {
  FORWARDS,
  BACKWARDS;

  private static final Device FIRST = Device.openCl();
  private static final Device REVERSED = TestDevices.backwards();

  Device device() {
    return this == FORWARDS ? FIRST : REVERSED;
  }
}
