package dev.mincover.djl;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.tracker.Tracker;
import ai.djl.util.Pair;
import dev.mincover.NonFiniteGradientException;
import dev.mincover.RecipeChanges;
import dev.mincover.average.Average;
import dev.mincover.checkpoint.SafetensorsFile;
import dev.mincover.recipe.Adafactor;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Rounding;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Mincover's optimizers in DJL's own training. */
class MincoverOptimizerTest {

  private static final Sm3 SM3 = Sm3.learningRate(Schedule.constant(0.1).warmup(3, 1));

  @TempDir private Path folder;

  static Stream<Recipe> recipes() {
    return Stream.of(
        SM3.momentum(Momentum.average(0.9)),
        SM3.secondMoment(SecondMoment.average(0.9)).weightDecay(0.01),
        Sm3.adaGrad(0.1),
        Adam.learningRate(0.01),
        Adafactor.relativeStep());
  }

  /** Needs all gradients at once, and names. */
  private static Recipe demanding() {
    return SM3.momentum(Momentum.nesterov(0.9).stored(Momentum.Format.INT8))
        .clipByGlobalNorm(0.5)
        .weightDecay(0.01, "*_bias")
        .rounding(Rounding.stochastic(3))
        .average(Average.polyak(0.9));
  }

  /** Trains by {@code Trainer.step}. */
  private static Map<String, float[]> trained(MincoverOptimizer optimizer, Model model) {
    try (Trainer trainer = Models.trainer(model, optimizer, 1)) {
      for (int t = 0; t < 6; t++) {
        Models.backward(trainer, t);
        trainer.step();
      }
      return Models.weights(model.getBlock());
    }
  }

  /** Trains by a loop of one's own. */
  private static Map<String, float[]> trainedByOwnLoop(Recipe recipe) {
    try (Model model = Models.model();
        MincoverOptimizer unused = MincoverOptimizer.builder(Adam.learningRate(1)).build();
        Trainer trainer = Models.trainer(model, unused, 1);
        BlockOptimizer optimizer = BlockOptimizer.bind(recipe, model.getBlock(), 2)) {
      for (int t = 0; t < 6; t++) {
        Models.backward(trainer, t);
        optimizer.step();
      }
      return Models.weights(model.getBlock());
    }
  }

  private static void assertSameBits(Map<String, float[]> actual, Map<String, float[]> expected) {
    assertThat(actual.keySet()).isEqualTo(expected.keySet());
    actual.forEach((name, values) ->
        assertThat(values).as(name).isEqualTo(requireNonNull(expected.get(name))));
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void allWaysGiveTheSameBits(Recipe recipe) {
    Map<String, float[]> expected = trainedByOwnLoop(recipe);
    try (Model model = Models.model()) {
      assertSameBits(
          trained(MincoverOptimizer.builder(recipe).optThreads(1).build(), model), expected);
    }
    try (Model model = Models.model()) {
      assertSameBits(trained(MincoverOptimizer.of(recipe, model.getBlock()), model), expected);
    }
  }

  @Test
  void everyOptionWorksWithABlock() {
    try (Model model = Models.model()) {
      assertSameBits(
          trained(MincoverOptimizer.of(demanding(), model.getBlock()), model),
          trainedByOwnLoop(demanding()));
    }
  }

  @Test
  void whatNeedsABlockSaysSo() {
    for (Recipe recipe :
        List.of(
            SM3.clipByGlobalNorm(1),
            SM3.weightDecay(0.1, "*bias"),
            SM3.rateMultiplier("a", 2),
            SM3.rounding(Rounding.stochastic(1)))) {
      assertThatThrownBy(() -> MincoverOptimizer.builder(recipe).build())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("for which the block must be known; give it with optBlock(block)");
    }
    assertThatThrownBy(() -> MincoverOptimizer.builder(SM3).optWeightDecays(0.1f).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("are choices of the recipe");
    assertThatThrownBy(() -> MincoverOptimizer.builder(SM3).optThreads(0))
        .isInstanceOf(IllegalArgumentException.class);
    try (MincoverOptimizer optimizer = MincoverOptimizer.builder(SM3).build()) {
      assertThatThrownBy(() -> optimizer.save(folder.resolve("c"), Map.of()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("make this optimizer with optBlock(block)");
    }
  }

  @Test
  void aResumedTrainingHasTheSameBits() throws IOException {
    Path file = folder.resolve("optimizer.safetensors");
    for (Recipe recipe : List.of(demanding(), Adafactor.relativeStep(), Adam.learningRate(0.01))) {
      Map<String, float[]> expected;
      try (Model model = Models.model()) {
        MincoverOptimizer optimizer = MincoverOptimizer.of(recipe, model.getBlock());
        try (Trainer trainer = Models.trainer(model, optimizer, 1)) {
          for (int t = 0; t < 6; t++) {
            if (t == 3) {
              model.save(folder, "net");
              optimizer.save(file, Map.of("epoch", "3"));
            }
            Models.backward(trainer, t);
            trainer.step();
          }
        }
        expected = Models.weights(model.getBlock());
      }
      try (Model model = Models.model()) {
        MincoverOptimizer optimizer = MincoverOptimizer.of(recipe, model.getBlock());
        try (Trainer trainer = Models.trainer(model, optimizer, 2)) {
          assertThat(optimizer.load(file, RecipeChanges.LEARNING_RATE)).containsEntry("epoch", "3");
          for (int t = 3; t < 6; t++) {
            Models.backward(trainer, t);
            trainer.step();
          }
        }
        assertSameBits(Models.weights(model.getBlock()), expected);
      }
      try (SafetensorsFile saved = SafetensorsFile.open(file)) {
        assertThat(saved.find("01Linear_weight")).isPresent();
      }
    }
  }

  @Test
  void gradientsAreZeroAfterAStep() {
    for (boolean whole : new boolean[] {true, false}) {
      try (Model model = Models.model()) {
        Block block = model.getBlock();
        MincoverOptimizer optimizer =
            whole ? MincoverOptimizer.of(SM3, block) : MincoverOptimizer.builder(SM3).build();
        try (Trainer trainer = Models.trainer(model, optimizer, 1)) {
          Models.backward(trainer, 0);
          trainer.step();
          for (Pair<String, ai.djl.nn.Parameter> pair : block.getParameters()) {
            try (NDArray gradient = pair.getValue().getArray().getGradient()) {
              assertThat(gradient.toFloatArray()).containsOnly(0);
            }
          }
        }
      }
    }
  }

  /** The guard sees all gradients before it lets one in. */
  @Test
  void gradientsThatAreNotFiniteChangeNothing() {
    try (Model model = Models.model()) {
      MincoverOptimizer optimizer = MincoverOptimizer.of(SM3, model.getBlock());
      try (Trainer trainer = Models.trainer(model, optimizer, 1)) {
        Models.backward(trainer, 0);
        Map<String, float[]> before = Models.weights(model.getBlock());
        NDArray bias = model.getBlock().getParameters().get("03Linear_bias").getArray();
        try (NDArray gradient = bias.getGradient()) {
          requireNonNull(ArrayMemory.of(gradient))
              .copyFrom(MemorySegment.ofArray(new float[] {1, Float.NaN}));
        }
        assertThatThrownBy(trainer::step)
            .isInstanceOf(NonFiniteGradientException.class)
            .hasMessageContaining("'03Linear_bias' is NaN at [1]");
        assertSameBits(Models.weights(model.getBlock()), before);
      }
    }
  }

  @Test
  void rescalingMultipliesTheGradients() {
    Map<String, float[]> plain;
    try (Model model = Models.model()) {
      plain = trained(MincoverOptimizer.of(SM3.epsilon(1), model.getBlock()), model);
    }
    for (boolean whole : new boolean[] {true, false}) {
      try (Model model = Models.model()) {
        MincoverOptimizer.Builder builder =
            MincoverOptimizer.builder(SM3.epsilon(1)).setRescaleGrad(0.5f);
        if (whole) {
          builder.optBlock(model.getBlock());
        }
        Map<String, float[]> scaled = trained(builder.build(), model);
        assertThat(scaled.get("01Linear_weight")).isNotEqualTo(plain.get("01Linear_weight"));
      }
    }
  }

  @Test
  void closingTheModelFreesTheState() {
    MincoverOptimizer optimizer;
    try (Model model = Models.model()) {
      optimizer = MincoverOptimizer.of(SM3, model.getBlock());
      trained(optimizer, model);
      assertThat(optimizer.stateBytes()).isPositive();
    }
    assertThat(optimizer.stateBytes()).isZero();
    MincoverOptimizer single;
    try (Model model = Models.model()) {
      single = MincoverOptimizer.builder(SM3).build();
      trained(single, model);
      assertThat(single.stateBytes()).isPositive();
    }
    assertThat(single.stateBytes()).isZero();
  }

  /** DJL's own Adam leaves its state behind with each trainer. */
  @Test
  @Tag("soak")
  @EnabledOnOs(OS.LINUX)
  void aHundredTrainersLeaveNothingBehind() throws IOException {
    long before = 0;
    for (int i = 0; i < 100; i++) {
      if (i == 20) {
        before = resident();
      }
      try (Model model = Model.newInstance("large", "PyTorch")) {
        model.setBlock(Linear.builder().setUnits(1024).build());
        MincoverOptimizer optimizer =
            i % 2 == 0
                ? MincoverOptimizer.of(SM3.momentum(Momentum.average(0.9)), model.getBlock())
                : MincoverOptimizer.builder(Adam.learningRate(0.01)).build();
        try (Trainer trainer =
            model.newTrainer(new DefaultTrainingConfig(Loss.l2Loss()).optOptimizer(optimizer))) {
          trainer.initialize(new Shape(1, 1024));
          try (NDManager manager = trainer.getManager().newSubManager();
              GradientCollector collector = trainer.newGradientCollector()) {
            NDArray input = manager.ones(new Shape(1, 1024));
            collector.backward(trainer.forward(new NDList(input)).singletonOrThrow().sum());
          }
          trainer.step();
          assertThat(optimizer.stateBytes()).isPositive();
        }
      }
    }
    long after = resident();
    System.out.printf(
        "80 trainers: %,d KiB resident before, %,d KiB after%n", before / 1024, after / 1024);
    assertThat(after - before).isLessThan(64L << 20); // 80 times 8 MiB of state would be 640.
  }

  private static long resident() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void ratesComeAndGo() {
    Tracker tracker = Trackers.tracker(Schedule.constant(0.5).warmup(4, 1));
    assertThat(tracker.getNewValue(1)).isEqualTo(0.125f);
    assertThat(tracker.getNewValue(4)).isEqualTo(0.5f);
    Schedule schedule = Trackers.schedule(Tracker.fixed(0.25f));
    assertThat(schedule.at(1)).isEqualTo(0.25);
    assertThat(schedule.at(1L << 40)).isEqualTo(0.25);
  }
}
