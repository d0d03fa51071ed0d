package dev.mincover.tensorflow;

import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Parameter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.exceptions.TFFailedPreconditionException;
import org.tensorflow.framework.optimizers.Optimizer;
import org.tensorflow.framework.optimizers.Optimizer.GradAndVar;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.family.TType;

/**
 * The variables that are bound, by name and in the order given, and the gradients of those that
 * learn, as outputs of their own that a run can fetch. An {@code Identity} has its input's memory.
 */
final class GraphVariables {

  /** What fetches a variable, by its name. */
  private final Map<String, Operand<?>> variables = new LinkedHashMap<>();

  /** What fetches the gradient of a variable that learns, by the variable's name. */
  private final Map<String, Operand<?>> gradients = new LinkedHashMap<>();

  /**
   * Adds the outputs to the graph.
   *
   * @throws IllegalArgumentException if one is no variable that can be stepped, is given twice, or
   *     its gradient does not exist, or an output is of another graph
   */
  GraphVariables(Graph graph, List<GradAndVar<?>> learning, List<? extends Operand<?>> frozen) {
    Ops tf = Ops.create(graph).withSubScope("mincover");
    for (GradAndVar<?> pair : learning) {
      String name = require(graph, pair.getVariable());
      Output<?> gradient = pair.getGradient();
      if (gradient.isClosed()) {
        throw new IllegalArgumentException(
            "variable '%s' has no gradient; give it as frozen, or leave it out".formatted(name));
      }
      require(graph, gradient, "gradient of variable '" + name + "'");
      variables.put(name, alias(tf, pair.getVariable()));
      gradients.put(name, alias(tf, gradient));
    }
    for (Operand<?> variable : frozen) {
      String name = require(graph, variable.asOutput());
      variables.put(name, alias(tf, variable.asOutput()));
    }
  }

  private static <T extends TType> Operand<T> alias(Ops tf, Output<T> output) {
    return tf.identity(output);
  }

  private String require(Graph graph, Output<?> variable) {
    String name = variable.op().name();
    require(graph, variable, "variable '" + name + "'");
    if (variable.op().type().equals(VarHandleOp.OP_NAME)) {
      throw LossGradients.refusal(name);
    }
    if (!variable.op().type().equals(Optimizer.VARIABLE_V2)) {
      throw new IllegalArgumentException(
          "'%s' is an output of %s; only variables made by tf.variable can be bound"
              .formatted(name, variable.op().type()));
    }
    if (TensorMemory.type(variable.dataType()) == null) {
      throw new IllegalArgumentException(
          "variable '%s' is %s; only float32, bfloat16 and float16 can be bound"
              .formatted(name, variable.dataType()));
    }
    if (variables.containsKey(name)) {
      throw new IllegalArgumentException("variable '%s' is given twice".formatted(name));
    }
    return name;
  }

  private static void require(Graph graph, Output<?> output, String what) {
    if (output.env() != graph) {
      throw new IllegalArgumentException("the %s is not of the session's graph".formatted(what));
    }
  }

  /** The names of those that learn. */
  List<String> learning() {
    return List.copyOf(gradients.keySet());
  }

  boolean learns(String name) {
    return gradients.containsKey(name);
  }

  /** How many variables are fetched. */
  int count() {
    return variables.size();
  }

  /** Has a run fetch the gradients of the named variables, then all variables. */
  void fetch(Session.Runner runner, List<String> names) {
    for (String name : names) {
      runner.fetch(gradients.get(name));
    }
    variables.values().forEach(runner::fetch);
  }

  /**
   * Fetches all variables in a run of its own. Their memory stays as long as the result is open,
   * even if the session is closed.
   *
   * @throws IllegalStateException if a variable is not initialised, or the session is closed
   */
  Result fetch(Session session) {
    Session.Runner runner = session.runner();
    fetch(runner, List.of());
    try {
      return runner.run();
    } catch (TFFailedPreconditionException uninitialised) {
      throw new IllegalStateException(
          "a variable has no value yet; run its initialiser, or restore the session, first",
          uninitialised);
    }
  }

  /**
   * Returns the variables as core sees them.
   *
   * @param from of the first variable in the result
   */
  List<Parameter> parameters(Result result, int from) {
    List<Parameter> parameters = new ArrayList<>();
    int at = from;
    for (String name : variables.keySet()) {
      Tensor tensor = result.get(at++);
      DataType type = type(tensor);
      parameters.add(
          new Parameter(
              name,
              TensorMemory.shape(tensor),
              TensorMemory.of(tensor),
              type == null ? DataType.FLOAT32 : type,
              !learns(name)));
    }
    return parameters;
  }

  static @Nullable DataType type(Tensor tensor) {
    return TensorMemory.type(tensor.dataType());
  }
}
