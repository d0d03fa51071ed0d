package dev.mincover.gpu;

import dev.mincover.NonFiniteGradientException;
import dev.mincover.NonFiniteWeightException;
import dev.mincover.gpu.device.Device;
import dev.mincover.gpu.device.DeviceMemory;
import dev.mincover.gpu.internal.step.DeviceTensor;
import dev.mincover.internal.gradient.StepGradient;
import dev.mincover.internal.rows.RowChecks;
import dev.mincover.internal.rows.RowLayout;
import dev.mincover.internal.rows.VisitedRows;
import dev.mincover.internal.storage.Storage;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What an optimizer on a device refuses, and where in a tensor the reason is. */
final class DeviceChecks {

  private static final int TILE = 1 << 16; // values that are looked at at a time

  private DeviceChecks() {}

  /** Refuses memory of other devices, memory that was freed, and weights that share memory. */
  static void requireMemory(Device device, Collection<DeviceParameter> parameters) {
    List<DeviceParameter> sorted = new ArrayList<>();
    for (DeviceParameter parameter : parameters) {
      requireUsable(device, "weights", parameter.name(), parameter.weights());
      if (parameter.weights().byteSize() > 0) {
        sorted.add(parameter);
      }
    }
    sorted.sort(Comparator.comparingLong(parameter -> parameter.weights().address()));
    DeviceParameter furthest = null;
    DeviceParameter furthestLearning = null;
    for (DeviceParameter parameter : sorted) {
      requireApart(furthestLearning, parameter);
      if (!parameter.frozen()) {
        requireApart(furthest, parameter);
        furthestLearning = further(furthestLearning, parameter);
      }
      furthest = further(furthest, parameter);
    }
  }

  private static DeviceParameter further(@Nullable DeviceParameter one, DeviceParameter other) {
    return one == null || end(other) > end(one) ? other : one;
  }

  private static long end(DeviceParameter parameter) {
    return parameter.weights().address() + parameter.weights().byteSize();
  }

  private static void requireApart(@Nullable DeviceParameter one, DeviceParameter other) {
    if (one != null && end(one) > other.weights().address()) {
      throw new IllegalArgumentException(
          "parameters '%s' and '%s' share memory; bind tied weights once, under one name"
              .formatted(one.name(), other.name()));
    }
  }

  private static void requireUsable(Device device, String what, String name, DeviceMemory memory) {
    if (memory.device() != device) {
      throw new IllegalArgumentException(
          "the %s of parameter '%s' are on device %s, and the optimizer is on %s; bind an optimizer for each device"
              .formatted(what, name, memory.device(), device));
    }
    if (memory.isClosed()) {
      throw new IllegalStateException(
          "the memory of the %s of parameter '%s' was freed; keep it while it is in use"
              .formatted(what, name));
    }
  }

  /** Refuses a gradient that a step cannot read. */
  static void requireFitting(
      Device device, Recipe recipe, DeviceTensor tensor, DeviceGradient gradient) {
    requireUsable(device, "weights", tensor.name, tensor.weights);
    requireUsable(device, "gradient values", tensor.name, gradient.values());
    long needed = tensor.shape.size() * gradient.type().bytes();
    if (gradient instanceof DeviceGradient.Rows rows) {
      String refusal = refusalOfRows(recipe, tensor.shape);
      if (refusal != null) {
        throw new IllegalArgumentException(
            "parameter '%s' of shape %s takes no sparse gradient: %s"
                .formatted(tensor.name, tensor.shape, refusal));
      }
      RowChecks.requireRows(tensor.name, tensor.shape, rows.named());
      needed = rows.named().count() * (needed / Math.max(1, tensor.shape.dimension(0)));
    }
    if (gradient.values().byteSize() != needed) {
      throw new IllegalArgumentException(
          "the gradient of parameter '%s' has %d bytes; %sshape %s needs %d bytes of %s"
              .formatted(
                  tensor.name,
                  gradient.values().byteSize(),
                  gradient instanceof DeviceGradient.Rows rows
                      ? rows.named().count() + " rows of "
                      : "",
                  tensor.shape,
                  needed,
                  gradient.type()));
    }
  }

  private static @Nullable String refusalOfRows(Recipe recipe, Shape shape) {
    return switch (recipe) {
      case Sm3 sm3 when sm3.secondMoment().beta() != 1 ->
          "a moving average of squares on a device would have to scale all rows; use the sum";
      case Sm3 _ -> shape.rank() == 0 ? "a scalar has no rows" : null;
      default -> "Adam takes dense gradients; its averages decay everywhere at every step";
    };
  }

  /** Refuses a gradient that is known to be bad, naming its first bad value. */
  static void refuse(DeviceTensor tensor, DeviceGradient gradient, float limit, float scale) {
    Bad bad =
        switch (gradient) {
          case DeviceGradient.Dense dense ->
              first(
                  dense.values(),
                  dense.type(),
                  tensor.shape.size(),
                  g -> isBad(g, Math.max(-limit, Math.min(limit, g)) * scale));
          case DeviceGradient.Rows rows -> first(tensor.shape, rows, limit, scale);
        };
    if (bad != null) {
      throw new NonFiniteGradientException(
          tensor.name, tensor.shape.index(bad.at()), bad.value(), false);
    }
  }

  private static boolean isBad(float g, float moved) {
    return !Float.isFinite(g) || !Float.isFinite(moved * moved);
  }

  /** Of a sparse gradient, with rows given several times added up as core does. */
  private static @Nullable Bad first(
      Shape shape, DeviceGradient.Rows rows, float limit, float scale) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocate(rows.values().byteSize(), Long.BYTES);
      rows.values().download(host);
      StepGradient gradient = new StepGradient(RowLayout.of(shape));
      gradient.set(Gradient.rows(rows.named().indices(), host, rows.type()));
      VisitedRows visited = gradient.rows();
      long perEntry = visited.layout.rowsPerIndex();
      long length = visited.layout.rowLength();
      float[] g = new float[TILE];
      float[] other = new float[TILE];
      for (long position = 0; position < visited.entries() * perEntry; position++) {
        for (long column = 0; column < length; column += TILE) {
          int n = (int) Math.min(TILE, length - column);
          gradient.loadRow(position, column, n, g, other);
          for (int j = 0; j < n; j++) {
            if (isBad(g[j], Math.max(-limit, Math.min(limit, g[j])) * scale)) {
              long row = visited.index(position / perEntry) * perEntry + position % perEntry;
              return new Bad(row * length + column + j, g[j]);
            }
          }
        }
      }
      return null;
    }
  }

  /** Refuses weights one of which has left the range of float16, naming the first. */
  static void refuseWeights(DeviceTensor tensor) {
    Bad bad = first(tensor.weights, tensor.type, tensor.shape.size(), w -> !Float.isFinite(w));
    if (bad != null) {
      throw new NonFiniteWeightException(tensor.name, tensor.shape.index(bad.at()), bad.value());
    }
  }

  private record Bad(long at, float value) {}

  private interface Test {
    boolean isBad(float value);
  }

  private static @Nullable Bad first(DeviceMemory values, DataType type, long size, Test test) {
    float[] tile = new float[TILE];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocate((long) TILE * type.bytes(), Long.BYTES);
      for (long at = 0; at < size; at += TILE) {
        int n = (int) Math.min(TILE, size - at);
        long bytes = (long) n * type.bytes();
        values.slice(at * type.bytes(), bytes).download(host.asSlice(0, bytes));
        Storage.load(type, host, 0, n, tile);
        for (int j = 0; j < n; j++) {
          if (test.isBad(tile[j])) {
            return new Bad(at + j, tile[j]);
          }
        }
      }
    }
    return null;
  }
}
