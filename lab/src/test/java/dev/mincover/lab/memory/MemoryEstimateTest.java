package dev.mincover.lab.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.mincover.Optimizer;
import dev.mincover.lab.catalogue.Catalogue;
import dev.mincover.lab.catalogue.GptSize;
import dev.mincover.lab.catalogue.KnownModel;
import dev.mincover.lab.catalogue.TensorShape;
import dev.mincover.lab.memory.MemoryEstimate.Row;
import dev.mincover.recipe.Adafactor;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class MemoryEstimateTest {

  /** Of odd sizes, so that blocks of int8 momentum end where rows do. */
  private static final GptSize TINY = new GptSize("tiny", 2, 42, 3, 501, 17);

  private static Map<String, Recipe> recipes() {
    Momentum momentum = Momentum.average(0.9);
    Sm3 sm3 = Sm3.learningRate(0.1);
    Map<String, Recipe> recipes = new LinkedHashMap<>();
    recipes.put("sm3", sm3);
    recipes.put("sm3-momentum", sm3.momentum(momentum));
    recipes.put("sm3-momentum-bf16", sm3.momentum(momentum.stored(Momentum.Format.BFLOAT16)));
    recipes.put("sm3-momentum-int8", sm3.momentum(momentum.stored(Momentum.Format.INT8)));
    recipes.put("adafactor", Adafactor.relativeStep());
    recipes.put("adafactor-momentum", Adafactor.relativeStep().momentum(momentum));
    recipes.put("adagrad", Sm3.adaGrad(0.1));
    recipes.put("adam", Adam.learningRate(0.1));
    return recipes;
  }

  private static Row row(MemoryEstimate estimate, String optimizer) {
    return estimate.optimizers().stream()
        .filter(row -> row.optimizer().equals(optimizer))
        .findFirst()
        .orElseThrow();
  }

  private static MemoryEstimate estimate(KnownModel model, DataType type) {
    return MemoryEstimate.of(ModelShapes.of(model), type, null, null, null);
  }

  @ParameterizedTest
  @EnumSource
  void stateIsWhatBindingAllocates(DataType type) {
    MemoryEstimate estimate = estimate(TINY, type);
    try (Arena arena = Arena.ofConfined()) {
      List<Parameter> parameters = new ArrayList<>();
      for (TensorShape tensor : TINY.tensors()) {
        Shape shape = tensor.shape();
        parameters.add(
            Parameter.of(tensor.name(), shape, arena.allocate(shape.size() * type.bytes()), type));
      }
      recipes()
          .forEach((name, recipe) -> {
            try (var bound = Optimizer.bind(recipe, parameters)) {
              Row row = row(estimate, name);
              assertThat(row.stateBytes())
                  .as(name)
                  .isEqualTo(bound.stateBytes() - bound.scratchBytes())
                  .isEqualTo(Math.round(row.stateBytesPerWeight() * TINY.weightCount()));
              assertThat(row.totalBytes())
                  .isEqualTo(2L * type.bytes() * TINY.weightCount() + row.stateBytes());
            }
          });
    }
  }

  @Test
  void everyRowButSgdIsHeldToAllocation() {
    List<String> rows = new ArrayList<>(recipes().keySet());
    rows.addAll(List.of("sgd", "sgd-momentum"));
    assertThat(OptimizerState.ALL)
        .extracting(OptimizerState::name)
        .containsExactlyInAnyOrderElementsOf(rows);
    MemoryEstimate estimate = estimate(TINY, DataType.FLOAT32);
    assertThat(row(estimate, "sgd").stateBytes()).isZero();
    assertThat(row(estimate, "sgd-momentum").stateBytes()).isEqualTo(4 * TINY.weightCount());
  }

  @Test
  void sm3WithoutMomentumTakesUnderAThousandthOfAdamsStateForGpt2Xl() {
    MemoryEstimate estimate = estimate(GptSize.named("gpt2-xl"), DataType.FLOAT32);
    assertThat(row(estimate, "adam").stateBytes()).isEqualTo(8 * 1_557_611_200L);
    assertThat(row(estimate, "sm3").shareOfAdam()).isBetween(0.0001, 0.001);
    assertThat(row(estimate, "adam").shareOfAdam()).isEqualTo(1);
    assertThat(row(estimate, "adagrad").shareOfAdam()).isEqualTo(0.5);
  }

  static List<KnownModel> all() {
    return Catalogue.ALL;
  }

  @ParameterizedTest
  @MethodSource("all")
  void aBudgetIsUsedToTheLastSequence(KnownModel model) {
    long budget = 48L << 30;
    var activations = model.activations(model.context(), 2);
    MemoryEstimate estimate =
        MemoryEstimate.of(
            ModelShapes.of(model), DataType.BFLOAT16, activations, model.context(), budget);
    for (Row row : estimate.optimizers()) {
      long left = budget - 2L * 2 * model.weightCount() - row.stateBytes();
      assertThat(row.budgetLeftBytes()).isEqualTo(left);
      long batch = left < 0 ? 0 : left / activations.bytes();
      assertThat(row.largestBatch()).isEqualTo(batch);
      double perWeight = 4 + row.stateBytesPerWeight();
      assertThat(row.weightsInBudget())
          .isCloseTo((long) (budget / perWeight), withinPercentage(1e-6));
    }
  }

  @Test
  void withoutABudgetNothingIsSaidOfIt() {
    Row row = estimate(TINY, DataType.FLOAT32).optimizers().getFirst();
    assertThat(row.budgetLeftBytes()).isNull();
    assertThat(row.largestBatch()).isNull();
    assertThat(row.weightsInBudget()).isNull();
  }

  @Test
  void moreWeightsThanCanBeSummedAreRefused() {
    Shape large = Shape.of(1L << 30, 1L << 23);
    assertThat(ModelShapes.of("large", List.of(large)).weightCount()).isEqualTo(1L << 53);
    assertThatThrownBy(() -> ModelShapes.of("large", List.of(large, Shape.of(1 << 20))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("large has 9.0e+15 weights; give at most 9.0e+15");
    assertThatThrownBy(() -> ModelShapes.of("none", List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("none has no weights to train");
  }
}
