package dev.mincover.djl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Adam;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.util.Pair;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import dev.mincover.testkit.Forked;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Where DJL surprises, and what becomes of it here. */
class DjlTrapsTest {

  private static final Sm3 SM3 = Sm3.learningRate(0.1).momentum(Momentum.average(0.9));

  /** It comes from a hash map over identifiers that are made from a clock. */
  @Test
  void theOrderOfUpdatesDoesNotMatter() {
    List<Map<String, float[]>> results = new ArrayList<>();
    for (int order = 0; order < 4; order++) {
      for (boolean whole : new boolean[] {true, false}) {
        try (Model model = Models.model()) {
          Block block = model.getBlock();
          MincoverOptimizer optimizer =
              whole ? MincoverOptimizer.of(SM3, block) : MincoverOptimizer.builder(SM3).build();
          try (Trainer trainer = Models.trainer(model, optimizer, 1)) {
            Random random = new Random(order);
            for (int t = 0; t < 3; t++) {
              Models.backward(trainer, t);
              List<Pair<String, Parameter>> parameters = new ArrayList<>();
              block.getParameters().forEach(parameters::add);
              Collections.shuffle(parameters, random);
              for (Pair<String, Parameter> pair : parameters) {
                NDArray weight = pair.getValue().getArray();
                try (NDArray gradient = weight.getGradient()) {
                  optimizer.update(pair.getValue().getId(), weight, gradient);
                }
              }
            }
            results.add(Models.weights(block));
          }
        }
      }
    }
    assertThat(results)
        .allSatisfy(weights ->
            assertThat(weights).usingRecursiveComparison().isEqualTo(results.getFirst()));
  }

  /** DJL asks a tracker with the largest count of all parameters; the rate here is each one's. */
  @Test
  void theRateOfAParameterThatComesLateStartsAtItsFirstStep() {
    Sm3 recipe = Sm3.learningRate(step -> step == 1 ? 1 : 0);
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        MincoverOptimizer optimizer = MincoverOptimizer.builder(recipe).build()) {
      NDArray early = learning(manager, 1);
      NDArray late = learning(manager, 1);
      for (int t = 0; t < 3; t++) {
        update(optimizer, "early", early);
      }
      update(optimizer, "late", late);
      assertThat(early.toFloatArray()).containsExactly(0); // 1 - 1 * g / sqrt(g^2)
      assertThat(late.toFloatArray()).containsExactly(0);
    }
    List<Integer> asked = new ArrayList<>();
    Tracker tracker =
        step -> {
          asked.add(step);
          return 0;
        };
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      Optimizer theirs = Adam.builder().optLearningRateTracker(tracker).build();
      for (int t = 0; t < 3; t++) {
        update(theirs, "early", learning(manager, 1));
      }
      update(theirs, "late", learning(manager, 1));
    }
    assertThat(asked).as("DJL's own").containsExactly(1, 2, 3, 3);
  }

  private static NDArray learning(NDManager manager, int n) {
    NDArray array = manager.ones(new Shape(n));
    array.setRequiresGradient(true);
    return array;
  }

  private static void update(Optimizer optimizer, String id, NDArray weight) {
    try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
      collector.backward(weight.sum());
    }
    try (NDArray gradient = weight.getGradient()) {
      optimizer.update(id, weight, gradient.duplicate());
    }
  }

  /** The trainer takes a sum of zero for a backward pass that was forgotten. */
  @Test
  void gradientsWhoseSumIsZeroAreStepped() {
    try (Model model = Model.newInstance("test", "PyTorch")) {
      model.setBlock(Linear.builder().setUnits(1).optBias(false).build());
      MincoverOptimizer optimizer = MincoverOptimizer.of(SM3, model.getBlock());
      try (Trainer trainer =
          model.newTrainer(new DefaultTrainingConfig(Loss.l2Loss()).optOptimizer(optimizer))) {
        trainer.initialize(new Shape(1, 2));
        try (GradientCollector collector = trainer.newGradientCollector()) {
          NDArray data = trainer.getManager().create(new float[] {1, -1}, new Shape(1, 2));
          collector.backward(trainer.forward(new NDList(data)).singletonOrThrow().sum());
        }
        NDArray weight = model.getBlock().getParameters().get(0).getValue().getArray();
        float[] before = weight.toFloatArray();
        assertThatThrownBy(trainer::step)
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("Gradient values are all zeros");
        assertThat(weight.toFloatArray()).isEqualTo(before);
        try (BlockOptimizer own = BlockOptimizer.bind(SM3, model.getBlock(), 1)) {
          own.step();
        }
        assertThat(weight.toFloatArray()[0]).isLessThan(before[0]);
        assertThat(weight.toFloatArray()[1]).isGreaterThan(before[1]);
      }
    }
  }

  /** DJL's clipping cuts at the upper end alone. */
  @Test
  void clippingCutsBothEnds() {
    Sm3 recipe = Sm3.learningRate(Schedule.constant(1)).epsilon(1).clipByValue(1);
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        MincoverOptimizer optimizer = MincoverOptimizer.builder(recipe).build()) {
      NDArray weight = learning(manager, 2);
      try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
        collector.backward(weight.mul(manager.create(new float[] {5, -5})).sum());
      }
      try (NDArray gradient = weight.getGradient()) {
        optimizer.update("w", weight, gradient);
      }
      float step = (float) (1 / Math.sqrt(2)); // of a gradient of 1 with epsilon 1
      assertThat(weight.toFloatArray()).containsExactly(1 - step, 1 + step);
    }
  }

  /** Four of DJL's optimizers ask the engine for what PyTorch's does not have. */
  @Test
  void adaGradWorksHereAndNotThere() {
    Tracker rate = Tracker.fixed(0.1f);
    for (Optimizer theirs :
        List.of(
            Optimizer.adagrad().optLearningRateTracker(rate).build(),
            Optimizer.rmsprop().optLearningRateTracker(rate).build(),
            Optimizer.nag().setLearningRateTracker(rate).setMomentum(0.9f).build(),
            Optimizer.adadelta().build())) {
      try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
        NDArray weight = learning(manager, 2);
        assertThatThrownBy(() -> update(theirs, "w", weight))
            .isInstanceOf(UnsupportedOperationException.class);
      }
    }
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        MincoverOptimizer ours = MincoverOptimizer.builder(Sm3.adaGrad(0.1)).build()) {
      NDArray weight = learning(manager, 2);
      update(ours, "w", weight);
      assertThat(weight.toFloatArray()).containsExactly(0.9f, 0.9f);
    }
  }

  @Test
  void memoryOfAClosedModelIsNotTouched() throws IOException, InterruptedException {
    assertThat(Forked.run(HostileMemory.class, "closed")).contains("refused");
    assertThat(Forked.run(HostileMemory.class, "swapped")).contains("put back");
  }

  /** Takes 6 GiB. */
  @Test
  @Tag("soak")
  void parametersOfMoreThanTwoGibibytesAreStepped() throws IOException, InterruptedException {
    assertThat(Forked.run(HostileMemory.class, "large"))
        .contains("2,147,581,952 bytes, from 0.9 to 0.9")
        .contains("has more than 2 GiB and is not contiguous; set its array to a contiguous copy");
  }
}
