package dev.mincover.gpu.device;

import java.io.Serial;

/**
 * What a device or its driver refuses, or the lack of one: a library that is not installed, memory
 * that is not there, a kernel that does not compile. The message is one line, but for a compiler's.
 */
public final class DeviceException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1;

  private final int code;

  DeviceException(String message, int code) {
    super(message);
    this.code = code;
  }

  DeviceException(String message) {
    this(message, 0);
  }

  /** The number that the driver gave; 0 if no driver was asked. */
  public int code() {
    return code;
  }
}
