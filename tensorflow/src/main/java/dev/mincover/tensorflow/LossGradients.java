package dev.mincover.tensorflow;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.tensorflow.Graph;
import org.tensorflow.GraphOperation;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.framework.optimizers.Optimizer;
import org.tensorflow.framework.optimizers.Optimizer.GradAndVar;
import org.tensorflow.op.core.VarHandleOp;
import org.tensorflow.types.family.TType;

/**
 * The variables that a loss depends on, in the order of their names, and their gradients.
 *
 * @param gradients of those that the loss can be differentiated by
 * @param constants the variables of float types that it depends on otherwise, such as through
 *     {@code stopGradient}
 */
record LossGradients(List<GradAndVar<?>> gradients, List<Output<?>> constants) {

  /**
   * Adds the operators that compute the gradients to the graph.
   *
   * @throws IllegalArgumentException if the loss is of another graph, depends on a resource
   *     variable, or can be differentiated by no variable
   */
  static LossGradients of(Graph graph, Operand<?> loss) {
    if (loss.env() != graph) {
      throw new IllegalArgumentException(
          "the loss '%s' is not an output of this graph".formatted(loss.op().name()));
    }
    List<Output<?>> variables = variables(loss);
    List<GradAndVar<?>> pairs = new ArrayList<>();
    List<Output<?>> constants = new ArrayList<>();
    if (!variables.isEmpty()) {
      Output<?>[] gradients =
          graph.addGradients(loss.asOutput(), variables.toArray(Output<?>[]::new));
      for (int i = 0; i < gradients.length; i++) {
        if (gradients[i].isClosed()) { // TensorFlow-Java's way to say that there is none.
          constants.add(variables.get(i));
        } else {
          pairs.add(pair(gradients[i], variables.get(i)));
        }
      }
    }
    if (pairs.isEmpty()) {
      throw new IllegalArgumentException(
          "the loss '%s' can be differentiated by no variable; make weights by tf.variable, and use them by differentiable operators"
              .formatted(loss.op().name()));
    }
    return new LossGradients(pairs, constants);
  }

  /** Follows the inputs of operators backwards; control dependencies carry no values. */
  private static List<Output<?>> variables(Operand<?> loss) {
    Map<String, Output<?>> variables = new TreeMap<>();
    Set<String> seen = new HashSet<>();
    Deque<GraphOperation> open = new ArrayDeque<>();
    open.add((GraphOperation) loss.op());
    while (!open.isEmpty()) {
      GraphOperation operation = open.remove();
      if (!seen.add(operation.name())) {
        continue;
      }
      if (operation.type().equals(VarHandleOp.OP_NAME)) {
        throw refusal(operation.name());
      }
      if (operation.type().equals(Optimizer.VARIABLE_V2)
          && TensorMemory.type(operation.output(0).dataType()) != null) {
        variables.put(operation.name(), operation.output(0));
      }
      for (Operand<?> input : operation.inputs()) {
        open.add((GraphOperation) input.op());
      }
    }
    return List.copyOf(variables.values());
  }

  static IllegalArgumentException refusal(String resource) {
    return new IllegalArgumentException(
        "'%s' is a resource variable, which TensorFlow copies when it is written and so moves in memory; make it by tf.variable instead of tf.varHandleOp"
            .formatted(resource));
  }

  @SuppressWarnings("unchecked") // A gradient has its variable's type.
  private static <T extends TType> GradAndVar<T> pair(Output<?> gradient, Output<?> variable) {
    return new GradAndVar<>((Output<T>) gradient, (Output<T>) variable);
  }
}
