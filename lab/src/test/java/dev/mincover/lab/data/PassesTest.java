package dev.mincover.lab.data;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.lab.common.Seed;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PassesTest {

  private static List<Integer> draw(Passes passes, int count) {
    List<Integer> drawn = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      drawn.add(passes.next());
    }
    return drawn;
  }

  @Test
  void eachPassHasEveryNumberOnceInAnOrderOfItsOwn() {
    Passes passes = new Passes(50, Seed.generator(1));
    List<Integer> first = draw(passes, 50);
    List<Integer> second = draw(passes, 50);
    List<Integer> all = IntStream.range(0, 50).boxed().toList();
    assertThat(first).containsExactlyInAnyOrderElementsOf(all).isNotEqualTo(all);
    assertThat(second).containsExactlyInAnyOrderElementsOf(all).isNotEqualTo(first);
  }

  @Test
  void theSeedDecides() {
    assertThat(draw(new Passes(9, Seed.generator(3)), 30))
        .isEqualTo(draw(new Passes(9, Seed.generator(3)), 30))
        .isNotEqualTo(draw(new Passes(9, Seed.generator(4)), 30));
  }

  @Test
  void oneNumberIsAPass() {
    assertThat(draw(new Passes(1, Seed.generator(1)), 3)).containsExactly(0, 0, 0);
  }
}
