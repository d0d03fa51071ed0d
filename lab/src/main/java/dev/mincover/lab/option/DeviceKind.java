package dev.mincover.lab.option;

import dev.mincover.gpu.device.Device;
import dev.mincover.lab.common.UserError;
import java.util.Locale;

/** The ways to a device, by the names that they have on the command line. */
public enum DeviceKind {
  /** NVIDIA's driver. */
  CUDA,
  /** Any vendor's, or PoCL on the CPU. */
  OPENCL;

  /** The kind of a name, of any case. */
  public static DeviceKind of(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "cuda" -> CUDA;
      case "opencl" -> OPENCL;
      default -> throw new UserError("--device: '%s' is none of cuda and opencl".formatted(name));
    };
  }

  /**
   * The first device of this kind.
   *
   * @throws dev.mincover.gpu.device.DeviceException if there is none
   */
  public Device open() {
    return switch (this) {
      case CUDA -> Device.cuda();
      case OPENCL -> Device.openCl();
    };
  }
}
