package dev.mincover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.recipe.Adam;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A state that is copied by hand: {@link Optimizer#state} and {@link Optimizer#progress}. */
class ProgressTest {

  private static final float[] G = {1, -2, 0.5f};

  private static void copy(Optimizer from, Optimizer to) {
    List<NamedTensor> source = from.state();
    List<NamedTensor> target = to.state();
    for (int i = 0; i < source.size(); i++) {
      target.get(i).elements().copyFrom(source.get(i).elements());
    }
    to.resume(from.progress());
  }

  @Test
  void stepsAfterACopyGiveTheSameBits() {
    float[] a = {1, 2, 3};
    float[] b = new float[3];
    float[] other = {4};
    float[] otherB = new float[1];
    // Adam's steps depend on how many a parameter has taken, which differs between these two.
    Adam recipe = Adam.learningRate(0.1);
    try (Optimizer one =
            Optimizer.bind(
                recipe, List.of(Parameter.of("a", a, 3), Parameter.of("other", other, 1)));
        Optimizer two =
            Optimizer.bind(
                recipe, List.of(Parameter.of("a", b, 3), Parameter.of("other", otherB, 1)))) {
      one.step(Map.of("a", Gradient.dense(G)));
      one.step(Map.of("a", Gradient.dense(G), "other", Gradient.dense(new float[] {3})));
      copy(one, two);
      assertThat(two.progress())
          .isEqualTo(new Progress(2, 0, Map.of("a", 2L, "other", 1L)))
          .isEqualTo(one.progress());
      for (Optimizer each : List.of(one, two)) {
        each.step(Map.of("a", Gradient.dense(G), "other", Gradient.dense(new float[] {-1})));
      }
      assertThat(b).containsExactly(a);
      assertThat(otherB).containsExactly(other);
    }
  }

  @Test
  void progressOfOtherParametersIsRefused() {
    try (Optimizer optimizer =
        Optimizer.bind(Adam.learningRate(0.1), List.of(Parameter.of("a", new float[3], 3)))) {
      assertThatThrownBy(() -> optimizer.resume(new Progress(2, 0, Map.of("b", 2L))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("the progress is of the parameters [b], and [a] learn here");
      assertThatThrownBy(() -> new Progress(-1, 0, Map.of()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("progress of -1 steps");
    }
  }
}
