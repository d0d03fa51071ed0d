package dev.mincover.gpu.device;

import java.util.List;
import java.util.function.UnaryOperator;

/** Devices as only tests want them. */
public final class TestDevices {

  private TestDevices() {}

  /** The first of OpenCL, with the threads of a block counted from the other end. */
  public static Device backwards() {
    return OpenClDevice.first(List.of("BACKWARDS"), UnaryOperator.identity());
  }

  /** The first of OpenCL, with a mistake in the kernels' sources. */
  public static Device withMistake(UnaryOperator<String> mistake) {
    return OpenClDevice.first(List.of(), mistake);
  }
}
