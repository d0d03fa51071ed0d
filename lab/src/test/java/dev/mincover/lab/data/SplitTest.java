package dev.mincover.lab.data;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.lab.common.Seed;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SplitTest {

  /** Lines of equal length and of words that no other seed has. */
  private static String text(int seed, int lines) {
    RandomGenerator random = Seed.generator(seed);
    StringBuilder text = new StringBuilder();
    for (int line = 0; line < lines; line++) {
      text.append("  line %016x %016x.\n".formatted(random.nextLong(), random.nextLong()));
    }
    return text.toString();
  }

  private static Split split(List<String> texts) {
    return Split.of(texts.stream().map(text -> text.getBytes(UTF_8)).toList());
  }

  private static List<List<Integer>> groups(List<String> texts) {
    return new Copies(texts.stream().map(text -> text.getBytes(UTF_8)).toList()).groups();
  }

  private static String training(Split split) {
    return new String(split.training(), UTF_8);
  }

  private static String validation(Split split) {
    return new String(split.validation(), UTF_8);
  }

  /** Whether no line of the validation text can be learned. */
  private static void assertNothingLeaks(Split split) {
    List<String> learned = training(split).lines().toList();
    assertThat(validation(split).lines().filter(line -> !line.isEmpty()).toList())
        .isNotEmpty()
        .doesNotContainAnyElementsOf(learned);
  }

  @Test
  void copiesOfOneTextAreCutAtTheSamePlace() {
    String text = text(1, 100);
    Split split = split(Collections.nCopies(40, text));
    int cut = text.length() - text.length() / 20;
    assertThat(validation(split)).isEqualTo(text.substring(cut));
    assertThat(training(split))
        .isEqualTo(String.join("\n", Collections.nCopies(40, text.substring(0, cut))));
    assertThat(split.how())
        .isEqualTo(
            "the end of each file held out; 39 files are copies of others or nearly so, their ends left out");
    assertNothingLeaks(split);
  }

  @Test
  void copiesAreHeldOutTogether() {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      texts.add(text(i, 50));
    }
    Split before = split(texts);
    assertThat(before.how()).isEqualTo("3 files held out");
    String copied = texts.get(19);
    assertThat(validation(before)).contains(copied);
    texts.add(50, copied);
    Split after = split(texts);
    assertNothingLeaks(after);
    assertThat(after.how())
        .isEqualTo("3 files held out; 1 file is a copy of another or nearly one, on the same side");
  }

  @Test
  void smallCopiesAreHeldOutTogether() {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 45; i++) {
      texts.add(text(i, 50));
    }
    String small = text(50, 5);
    texts.add(25, small);
    texts.add(small);
    Split split = split(texts);
    assertThat(validation(split)).containsSubsequence(text(19, 50), small, small);
    assertThat(training(split)).doesNotContain(small);
    assertNothingLeaks(split);
    assertThat(split.how())
        .endsWith(" held out; 1 file is a copy of another or nearly one, on the same side");
  }

  @Test
  void distinctTextsAreHeldOutAsTheyAlwaysWere() {
    List<String> texts = IntStream.range(0, 45).mapToObj(i -> text(i, 20)).toList();
    Split split = split(texts);
    assertThat(validation(split)).isEqualTo(texts.get(19) + "\n" + texts.get(39));
    assertThat(split.how()).isEqualTo("2 files held out");
  }

  @Test
  void aCopyBeforeTheEndIsNotTrainedOn() {
    String a = text(1, 100);
    Split split = split(List.of(a, text(2, 100), a));
    assertNothingLeaks(split);
    assertThat(split.how()).startsWith("the end of each file held out; 1 file is a copy");
  }

  @Test
  void copiesThatAreAllInTheEndDoNotChangeIt() {
    String small = text(2, 3);
    String huge = text(1, 1000);
    Split split = split(List.of(huge, small, small));
    assertThat(validation(split)).endsWith("\n" + small + "\n" + small);
    assertThat(split.how())
        .isEqualTo("the end held out; 1 file is a copy of another or nearly one, on the same side");
  }

  @Test
  void changedCopiesAreCopies() {
    String text = text(1, 100);
    List<String> lines = text.lines().toList();
    List<String> kin =
        List.of(
            text,
            text.replace("\n", "\r\n"), // of another system
            text.replace("  line", "\tline"), // indented otherwise
            "A title\n" + text, // moved
            String.join("\n", lines.subList(0, 30)), // cut short
            text(4, 10) + String.join("\n", lines.subList(10, 100))); // rewritten in part
    List<String> others = List.of(text(5, 100), text(6, 10), "short", "");
    List<String> texts = new ArrayList<>(kin);
    texts.addAll(others);
    assertThat(groups(texts))
        .containsExactly(
            IntStream.range(0, kin.size()).boxed().toList(),
            List.of(6),
            List.of(7),
            List.of(8),
            List.of(9));
    Collections.reverse(texts);
    assertThat(groups(texts)).contains(List.of(4, 5, 6, 7, 8, 9)).hasSize(5);
  }

  @Test
  void aPartOfAnotherTextIsACopy() {
    String part = text(1, 50);
    String whole = text(2, 100) + part + text(3, 100);
    assertThat(groups(List.of(part, text(4, 50), whole)))
        .containsExactly(List.of(0, 2), List.of(1));
    assertThat(groups(List.of(whole, text(4, 50), part)))
        .containsExactly(List.of(0, 2), List.of(1));
  }

  @Test
  void aCommonHeaderMakesNoCopies() {
    String header = text(0, 15);
    List<String> texts =
        new ArrayList<>(IntStream.range(1, 50).mapToObj(i -> header + text(i, 10)).toList());
    assertThat(groups(texts)).hasSize(49);
    texts.add(texts.get(20).replaceFirst("line", "changed"));
    assertThat(groups(texts)).hasSize(49).contains(List.of(20, 49));
  }

  @Test
  void copiesAreFoundInMuchText() {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      texts.add(text(i, 800)); // 6 MB in all, of which a part is looked at
    }
    texts.add(text(100, 800).substring(10_000));
    texts.add("x\n" + text(101, 800));
    List<List<Integer>> groups = groups(texts);
    assertThat(groups).hasSize(200).contains(List.of(100, 200), List.of(101, 201));
  }
}
