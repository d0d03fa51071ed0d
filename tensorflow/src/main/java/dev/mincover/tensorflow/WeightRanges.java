package dev.mincover.tensorflow;

import static java.util.Objects.requireNonNull;

import dev.mincover.tensor.Parameter;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** Where the variables that are bound lie in memory. */
final class WeightRanges {

  private final List<Parameter> parameters;
  private final Map<String, Parameter> byName = new TreeMap<>();

  /** The end of each range by its start. */
  private final NavigableMap<Long, Long> ends = new TreeMap<>();

  WeightRanges(List<Parameter> parameters) {
    this.parameters = new ArrayList<>(parameters);
    for (Parameter parameter : parameters) {
      byName.put(parameter.name(), parameter);
      MemorySegment weights = parameter.weights();
      if (weights.byteSize() > 0) {
        ends.put(weights.address(), weights.address() + weights.byteSize());
      }
    }
  }

  /** The parameter of a name that is bound. */
  Parameter parameter(String name) {
    return requireNonNull(byName.get(name));
  }

  /** Whether these are the same variables in the same memory, and of the same shapes. */
  boolean areOf(List<Parameter> others) {
    for (int i = 0; i < others.size(); i++) {
      Parameter mine = parameters.get(i);
      Parameter other = others.get(i);
      boolean moved =
          mine.weights().byteSize() > 0 && mine.weights().address() != other.weights().address();
      if (moved || !mine.shape().equals(other.shape())) {
        return false;
      }
    }
    return true;
  }

  /** Whether some memory is, in part, a variable's. */
  boolean overlap(MemorySegment memory) {
    Map.Entry<Long, Long> before = ends.lowerEntry(memory.address() + memory.byteSize());
    return before != null && before.getValue() > memory.address();
  }
}
