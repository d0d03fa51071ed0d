package dev.mincover.gpu;

import static dev.mincover.gpu.Devices.FORWARDS;
import static dev.mincover.recipe.Momentum.Format.BFLOAT16;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.Optimizer;
import dev.mincover.RecipeChanges;
import dev.mincover.cover.Cover;
import dev.mincover.gpu.Comparison.Tensor;
import dev.mincover.gpu.device.DeviceMemory;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Rounding;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Checkpoints between host and device, both ways. */
class DeviceCheckpointTest {

  private static final Sm3 PLAIN = Sm3.learningRate(0.1);

  @TempDir Path folder;

  static Stream<Recipe> recipes() {
    return Stream.of(
        PLAIN,
        PLAIN.momentum(Momentum.average(0.9).stored(BFLOAT16)).rounding(Rounding.stochastic(3)),
        PLAIN.secondMoment(SecondMoment.average(0.9)).cover("t2", Cover.axes(2, 0)),
        PLAIN.cover("t1", Cover.whole()).cover("t2", Cover.singletons()),
        Adam.learningRate(0.01));
  }

  private static List<Tensor> tensors() {
    List<Tensor> tensors = new ArrayList<>();
    for (Shape shape :
        List.of(Shape.of(37), Shape.of(33, 17), Shape.of(3, 5, 70), Shape.of(), Shape.of(0, 2))) {
      tensors.add(
          new Tensor(
              "t" + tensors.size(),
              shape,
              tensors.size() == 1 ? DataType.BFLOAT16 : DataType.FLOAT32,
              DataType.FLOAT32));
    }
    return tensors;
  }

  private static Comparison compared(Recipe recipe, long seed) {
    return new Comparison(FORWARDS.device(), recipe, tensors(), seed);
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void bothSidesWriteTheSameFile(Recipe recipe) throws IOException {
    try (Comparison comparison = compared(recipe, 1)) {
      comparison.step(true);
      comparison.step(false);
      Path host = folder.resolve("host.safetensors");
      Path device = folder.resolve("device.safetensors");
      comparison.host.save(host, Map.of("epoch", "3"), List.of());
      comparison.optimizer.save(device, Map.of("epoch", "3"), List.of());
      assertThat(Files.mismatch(host, device)).isEqualTo(-1);
    }
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void aTrainingGoesOnOnTheOtherSide(Recipe recipe) throws IOException {
    Path file = folder.resolve("a.safetensors");
    Path back = folder.resolve("b.safetensors");
    try (Comparison first = compared(recipe, 1);
        Comparison second = compared(recipe, 2)) {
      first.step(true);
      first.step(false);
      // The second has taken other steps, none of whose state may be left.
      for (int t = 0; t < 4; t++) {
        second.step(true);
      }
      first.host.save(file);
      second.optimizer.load(file);
      second.optimizer.save(back);
      second.host.load(back);
      second.requireEqual();
      assertThat(second.optimizer.steps()).isEqualTo(2);
      second.step(true);
      second.step(false);
      second.step(true);
    }
  }

  @Test
  void aFileThatDoesNotFitChangesNothing() throws IOException {
    Path file = folder.resolve("a.safetensors");
    try (Comparison comparison = compared(PLAIN, 1);
        Comparison other = compared(PLAIN.secondMoment(SecondMoment.average(0.5)), 2)) {
      comparison.step(true);
      comparison.optimizer.save(file);
      other.step(true);
      assertThatThrownBy(() -> other.optimizer.load(file))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("was saved with second moment");
      other.requireEqual();
      other.optimizer.load(file, RecipeChanges.ANY_NUMBER, List.of());
      other.host.load(file, RecipeChanges.ANY_NUMBER, List.of());
      other.requireEqual();
      other.step(true);
    }
  }

  @Test
  void aDamagedFileChangesNothing() throws IOException {
    Path file = folder.resolve("a.safetensors");
    try (Comparison comparison = compared(PLAIN, 1)) {
      comparison.step(true);
      comparison.optimizer.save(file);
      byte[] bytes = Files.readAllBytes(file);
      bytes[bytes.length - 5] ^= 1;
      Files.write(file, bytes);
      comparison.step(true);
      assertThatThrownBy(() -> comparison.optimizer.load(file)).isInstanceOf(IOException.class);
      comparison.requireEqual();
      comparison.step(true);
    }
  }

  @Test
  void frozenWeightsAreSavedAndLoaded() throws IOException {
    Path file = folder.resolve("a.safetensors");
    float[] host = {1, 2};
    try (DeviceMemory weights = FORWARDS.device().allocate(8)) {
      DeviceParameter frozen = DeviceParameter.of("f", Shape.of(2), weights).freeze();
      try (DeviceOptimizer optimizer =
              DeviceOptimizer.bind(PLAIN, FORWARDS.device(), List.of(frozen));
          Optimizer other = Optimizer.bind(PLAIN, List.of(Parameter.of("f", host, 2).freeze()))) {
        other.save(file);
        optimizer.load(file);
        float[] found = new float[2];
        weights.download(MemorySegment.ofArray(found));
        assertThat(found).containsExactly(host);
        assertThat(optimizer.stateBytes("f")).isZero();
      }
    }
  }
}
