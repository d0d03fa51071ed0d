package dev.mincover.tribuo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.checkpoint.DamagedFileException;
import dev.mincover.checkpoint.SafetensorsFile;
import dev.mincover.checkpoint.StoredTensor;
import dev.mincover.checkpoint.StoredType;
import dev.mincover.cover.Cover;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tribuo.math.la.Tensor;

/** Weights and state are saved and loaded to the bit. */
class TrainingFileTest {

  private static final Sm3 PLAIN = Sm3.learningRate(0.1);

  @TempDir private Path folder;

  static Stream<Sm3> recipes() {
    return Stream.of(
        PLAIN,
        PLAIN.momentum(Momentum.average(0.9)),
        PLAIN.momentum(Momentum.nesterov(0.9)).secondMoment(SecondMoment.average(0.9)),
        PLAIN.cover(Cover.singletons()).momentum(Momentum.heavyBall(0.3)),
        Sm3.learningRate(Schedule.constant(0.1).warmup(20, 2)).epsilon(1e-3));
  }

  private static final class Training {
    final Weights weights =
        new Weights(
            Tensors.dense(Tensors.random(new Random(1), 28), 4, 7),
            Tensors.dense(Tensors.random(new Random(2), 5), 5));
    final Sm3Optimiser optimiser;

    Training(Sm3 recipe) {
      optimiser = Sm3Optimiser.of(recipe);
      optimiser.initialise(weights);
    }

    /** Steps whose gradients depend on the step alone. */
    Training steps(int from, int to) {
      for (int t = from; t <= to; t++) {
        Random random = new Random(t);
        double[] gradient = Tensors.random(random, 28);
        boolean[] active = new boolean[28];
        for (int k = 0; k < 28; k++) {
          active[k] = random.nextInt(3) == 0;
        }
        Tensor first =
            t % 4 == 0 ? Tensors.dense(gradient, 4, 7) : Tensors.sparse(gradient, active, 4, 7);
        weights.update(
            optimiser.step(new Tensor[] {first, Tensors.dense(Tensors.random(random, 5), 5)}, 1));
      }
      return this;
    }
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void goesOnWithTheSameBits(Sm3 recipe) throws IOException {
    Path file = folder.resolve("training.safetensors");
    Training saved = new Training(recipe).steps(1, 9);
    saved.optimiser.save(file, Map.of("epoch", "3"));
    saved.steps(10, 20);
    Training resumed = new Training(recipe).steps(30, 33);
    assertThat(resumed.optimiser.load(file)).isEqualTo(Map.of("epoch", "3"));
    assertThat(resumed.optimiser.steps()).isEqualTo(9);
    resumed.steps(10, 20);
    for (int i = 0; i < 2; i++) {
      Tensors.assertEqualBits(
          Tensors.values(resumed.weights.get()[i]),
          Tensors.values(saved.weights.get()[i]),
          "tensor " + i);
      Tensors.assertEqualBits(
          TribuoContractTest.flat(resumed.optimiser.accumulators(i)),
          TribuoContractTest.flat(saved.optimiser.accumulators(i)),
          "mu " + i);
    }
  }

  @Test
  void hasTheCommonFormat() throws IOException {
    Path file = folder.resolve("training.safetensors");
    new Training(PLAIN.momentum(Momentum.average(0.9))).steps(1, 2).optimiser.save(file, Map.of());
    try (SafetensorsFile opened = SafetensorsFile.open(file)) {
      opened.verify();
      assertThat(opened.tensors()).extracting(StoredTensor::type).containsOnly(StoredType.F64);
      assertThat(opened.tensors())
          .extracting(StoredTensor::name)
          .containsExactlyInAnyOrder(
              "tensor.0",
              "optimizer/tensor.0/mu.0",
              "optimizer/tensor.0/mu.1",
              "optimizer/tensor.0/momentum",
              "tensor.1",
              "optimizer/tensor.1/mu",
              "optimizer/tensor.1/momentum");
      assertThat(opened.metadata())
          .containsEntry("mincover.format", "1")
          .containsEntry("mincover.step", "2")
          .containsEntry("mincover.recipe rule", "sm3")
          .containsEntry("mincover.recipe momentum", "average 0.9 float64");
    }
  }

  @Test
  void theLearningRateMayDiffer() throws IOException {
    Path file = folder.resolve("training.safetensors");
    new Training(PLAIN).steps(1, 3).optimiser.save(file, Map.of());
    Training other = new Training(Sm3.learningRate(0.7));
    assertThat(other.optimiser.load(file)).isEmpty();
  }

  @Test
  void refusesOtherRecipesAndParameters() throws IOException {
    Path file = folder.resolve("training.safetensors");
    new Training(PLAIN).steps(1, 3).optimiser.save(file, Map.of());
    for (Sm3 other :
        new Sm3[] {
          PLAIN.cover(Cover.singletons()),
          PLAIN.momentum(Momentum.average(0.9)),
          PLAIN.secondMoment(SecondMoment.average(0.9)),
          PLAIN.epsilon(1)
        }) {
      Training training = new Training(other).steps(1, 2);
      double[] before = Tensors.values(training.weights.get()[0]);
      assertThatThrownBy(() -> training.optimiser.load(file))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("was saved with");
      assertThat(Tensors.values(training.weights.get()[0])).isEqualTo(before);
      assertThat(training.optimiser.steps()).isEqualTo(2);
    }
    Sm3Optimiser narrow = Sm3Optimiser.of(PLAIN);
    narrow.initialise(
        new Weights(Tensors.dense(new double[24], 4, 6), Tensors.dense(new double[5], 5)));
    assertThatThrownBy(() -> narrow.load(file))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("tensor.0");
  }

  @Test
  void refusesDamagedFiles() throws IOException {
    Path file = folder.resolve("training.safetensors");
    Training training = new Training(PLAIN).steps(1, 3);
    training.optimiser.save(file, Map.of());
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 5] ^= 1;
    Files.write(file, bytes);
    assertThatThrownBy(() -> training.optimiser.load(file))
        .isInstanceOf(DamagedFileException.class);
    assertThatThrownBy(() -> training.optimiser.load(folder.resolve("none")))
        .isInstanceOf(IOException.class);
  }

  @Test
  void refusesReservedKeys() {
    Training training = new Training(PLAIN);
    assertThatThrownBy(
            () -> training.optimiser.save(folder.resolve("f"), Map.of("mincover.step", "1")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("kept for Mincover");
    assertThat(folder.resolve("f")).doesNotExist();
  }
}
