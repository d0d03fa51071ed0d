package dev.mincover.lab.command;

import dev.mincover.gpu.DeviceCheck;
import dev.mincover.gpu.device.Device;
import dev.mincover.gpu.device.DeviceException;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.option.DeviceKind;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code mincover gpu}: lists devices, and checks that they step as the CPU does. */
@Command(
    name = "gpu",
    description = {
      "Lists the devices that CUDA and OpenCL find, and steps small tensors on the first of each and"
          + " on the CPU: weights and state must be equal, bit for bit. Run it first on new hardware"
          + " or with a new driver.",
      "",
      "Exits with 1 if a device's bits differ, and with 2 if there is no device.",
      ""
    },
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    sortOptions = false,
    footer = {
      "",
      "docs/gpu.md says how libraries are found. Example:",
      "  mincover gpu --device cuda"
    })
public final class GpuCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Option(
      names = "--device",
      paramLabel = "KIND",
      description = "What to check: cuda, opencl, or all that there is.")
  private String kind = "all";

  /** Checks one device after the other. */
  @Override
  public Integer call() {
    List<DeviceKind> kinds =
        kind.equals("all") ? List.of(DeviceKind.values()) : List.of(DeviceKind.of(kind));
    PrintWriter out = spec.commandLine().getOut();
    List<String> missing = new ArrayList<>();
    boolean equal = true;
    for (DeviceKind each : kinds) {
      try (Device device = each.open()) {
        equal &= isEqual(device, out);
      } catch (DeviceException e) {
        missing.add(String.valueOf(e.getMessage()));
      }
    }
    if (missing.size() == kinds.size()) {
      throw new UserError("no device: " + String.join("; ", missing));
    }
    missing.forEach(line -> out.println("not here: " + line));
    out.flush();
    return equal ? 0 : 1;
  }

  private static boolean isEqual(Device device, PrintWriter out) {
    long start = System.nanoTime();
    DeviceCheck.Report report = DeviceCheck.run(device);
    double seconds = (System.nanoTime() - start) * 1e-9;
    out.printf(
        "%s: %s (%.1f s)%n",
        device.name(),
        report.isEqual()
            ? "the bits of the CPU in all %,d comparisons".formatted(report.compared())
            : "NOT the bits of the CPU: " + report.difference(),
        seconds);
    out.flush();
    return report.isEqual();
  }
}
