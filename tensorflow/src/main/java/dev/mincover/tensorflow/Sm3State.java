package dev.mincover.tensorflow;

import dev.mincover.cover.Cover;
import dev.mincover.recipe.Sm3;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Graph;
import org.tensorflow.Output;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Variable;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

/**
 * The state of one variable as variables of the graph, named as the authors' code names them: in
 * the order momentum (if any), accumulators, the first is w/SM3, the second w/SM3_1 and so on.
 */
final class Sm3State {

  private final Graph graph;
  private final Output<TFloat32> weights;
  private final String prefix;

  /** Whether each weight has an accumulator of its own. */
  private final boolean each;

  /** The axes whose indices have accumulators otherwise; none if there is one accumulator. */
  private final int[] axes;

  /** Shapes by slot, in the order of the names. */
  private final Map<String, Shape> shapes = new LinkedHashMap<>();

  private final Map<String, Variable<TFloat32>> slots = new LinkedHashMap<>();

  private Sm3State(Graph graph, Sm3 recipe, Output<?> variable, String optimizer) {
    this.graph = graph;
    String name = variable.op().name();
    weights = Sm3Operators.floats(variable);
    prefix = name + "/" + optimizer;
    Shape shape = weights.shape();
    if (shape.isUnknown() || shape.hasUnknownDimension()) {
      throw new IllegalArgumentException(
          "variable '%s' has the shape %s; give it one that is known".formatted(name, shape));
    }
    int rank = shape.numDimensions();
    Cover cover = recipe.cover().of(name);
    each = cover instanceof Cover.Singletons || (!(cover instanceof Cover.Whole) && rank < 2);
    axes = each ? new int[0] : axes(cover, rank);
    if (!recipe.momentum().isNone()) {
      shapes.put("momentum", shape);
    }
    for (int axis : axes) {
      if (axis >= rank) {
        throw new IllegalArgumentException(
            "the cover of variable '%s' names axis %d, and its rank is %d"
                .formatted(name, axis, rank));
      }
      shapes.put("accumulator_" + axis, Shape.of(shape.get(axis)));
    }
    if (axes.length == 0) {
      shapes.put("accumulator", each ? shape : Shape.scalar());
    }
    for (int slot = 0; slot < shapes.size(); slot++) {
      if (graph.operation(name(slot)) != null) {
        throw new IllegalStateException(
            "the graph has an operator '%s' already; give this optimizer another name"
                .formatted(name(slot)));
      }
    }
  }

  private static int[] axes(Cover cover, int rank) {
    return switch (cover) {
      case Cover.Slices _ -> IntStream.range(0, rank).toArray();
      case Cover.Axes some -> some.axes().stream().mapToInt(Integer::intValue).toArray();
      default -> new int[0];
    };
  }

  /**
   * Checks everything, and adds nothing to the graph yet.
   *
   * @throws IllegalArgumentException if the variable or its cover does not fit
   * @throws IllegalStateException if a name is taken
   */
  static Sm3State plan(Graph graph, Sm3 recipe, Output<?> variable, String optimizer) {
    return new Sm3State(graph, recipe, variable, optimizer);
  }

  private String name(int slot) {
    return slot == 0 ? prefix : prefix + "_" + slot;
  }

  /** The name that one more variable would have: it is there if momentum is in use elsewhere. */
  String nextName() {
    return name(shapes.size());
  }

  /** Adds the variables, and initialisers that make them zero. */
  void create(Ops tf) {
    Ops init = tf.withInitScope();
    shapes.forEach((slot, shape) -> {
      // A scope allows no slash in a name.
      Variable<TFloat32> variable =
          new Variable<>(
              graph
                  .opBuilder(Variable.OP_NAME, name(slots.size()), init.scope())
                  .setAttr("shape", shape)
                  .setAttr("dtype", DataType.DT_FLOAT)
                  .build());
      init.assign(variable, init.zeros(init.constant(shape.asArray()), TFloat32.class));
      slots.put(slot, variable);
    });
  }

  Output<TFloat32> weights() {
    return weights;
  }

  boolean isForEach() {
    return each;
  }

  int[] axes() {
    return axes.clone();
  }

  /** The variables by the authors' names for slots. */
  Map<String, Variable<TFloat32>> slots() {
    return slots;
  }

  @Nullable Variable<TFloat32> momentum() {
    return slots.get("momentum");
  }

  /** The accumulators, in the order of the axes. */
  List<Variable<TFloat32>> accumulators() {
    List<Variable<TFloat32>> accumulators = new ArrayList<>(slots.values());
    accumulators.remove(momentum());
    return accumulators;
  }

  long bytes() {
    return shapes.values().stream().mapToLong(shape -> Float.BYTES * shape.size()).sum();
  }
}
