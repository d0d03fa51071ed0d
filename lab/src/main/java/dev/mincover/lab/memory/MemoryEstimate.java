package dev.mincover.lab.memory;

import dev.mincover.lab.catalogue.Activations;
import dev.mincover.lab.catalogue.TensorShape;
import dev.mincover.lab.common.Names;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Shape;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The memory that training a model takes with each optimizer, in bytes: the report and its JSON.
 *
 * @param model its name
 * @param weights how many are trained
 * @param tensors they lie in
 * @param leftOut names of the tensors of a file that are not trained
 * @param type of weights and gradients
 * @param weightBytes of all weights
 * @param gradientBytes of all gradients
 * @param context tokens of a sequence; null if the model's layers are not known
 * @param activationBytes of a sequence; null as well
 * @param budgetBytes to stay within, if any
 * @param optimizers a row each
 */
public record MemoryEstimate(
    String model,
    long weights,
    int tensors,
    List<String> leftOut,
    String type,
    long weightBytes,
    long gradientBytes,
    @Nullable Integer context,
    @Nullable Long activationBytes,
    @Nullable Long budgetBytes,
    List<Row> optimizers) {

  /**
   * What one optimizer needs.
   *
   * @param optimizer its name
   * @param stateBytes it keeps from step to step, without the scratch memory of a step
   * @param stateBytesPerWeight the same, by weight
   * @param shareOfAdam its state over Adam's
   * @param totalBytes of weights, gradients and state
   * @param budgetLeftBytes of the budget that these leave; negative where they do not fit
   * @param largestBatch sequences whose activations fit there; null if these are not known
   * @param weightsInBudget as many as would fit at the same bytes a weight, without activations
   */
  public record Row(
      String optimizer,
      long stateBytes,
      double stateBytesPerWeight,
      double shareOfAdam,
      long totalBytes,
      @Nullable Long budgetLeftBytes,
      @Nullable Long largestBatch,
      @Nullable Long weightsInBudget) {}

  /**
   * The estimate of a model.
   *
   * @param type of weights and gradients
   * @param activations of a sequence, if they are known
   * @param context tokens of that sequence
   * @param budget bytes to stay within, if any
   */
  public static MemoryEstimate of(
      ModelShapes model,
      DataType type,
      @Nullable Activations activations,
      @Nullable Integer context,
      @Nullable Long budget) {
    long weightBytes = model.weightCount() * type.bytes();
    Long activationBytes = activations == null ? null : activations.bytes();
    // A model may have a million tensors, and has few shapes.
    Map<Shape, Long> shapes =
        model.tensors().stream()
            .collect(Collectors.groupingBy(TensorShape::shape, Collectors.counting()));
    long adam = OptimizerState.ADAM.bytes(shapes);
    return new MemoryEstimate(
        model.name(),
        model.weightCount(),
        model.tensors().size(),
        model.leftOut().stream().map(ModelShapes.LeftOut::name).toList(),
        Names.of(type),
        weightBytes,
        weightBytes,
        context,
        activationBytes,
        budget,
        OptimizerState.ALL.stream()
            .map(optimizer ->
                row(
                    optimizer,
                    optimizer.bytes(shapes),
                    model,
                    adam,
                    2 * weightBytes,
                    activationBytes,
                    budget))
            .toList());
  }

  private static Row row(
      OptimizerState optimizer,
      long state,
      ModelShapes model,
      long adam,
      long weightsAndGradients,
      @Nullable Long activationBytes,
      @Nullable Long budget) {
    long total = weightsAndGradients + state;
    Long left = budget == null ? null : budget - total;
    return new Row(
        optimizer.name(),
        state,
        (double) state / model.weightCount(),
        (double) state / adam,
        total,
        left,
        left == null || activationBytes == null ? null : Math.max(0, left / activationBytes),
        budget == null ? null : scaled(model.weightCount(), budget, total));
  }

  /** {@code value * by / of}, rounded down. */
  private static long scaled(long value, long by, long of) {
    return BigInteger.valueOf(value)
        .multiply(BigInteger.valueOf(by))
        .divide(BigInteger.valueOf(of))
        .longValueExact();
  }
}
