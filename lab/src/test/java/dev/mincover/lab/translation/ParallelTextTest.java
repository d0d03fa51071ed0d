package dev.mincover.lab.translation;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.lab.common.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ParallelTextTest {
  @TempDir Path folder;

  private Path source = Path.of("");
  private Path target = Path.of("");

  @BeforeEach
  void nameFiles() {
    source = folder.resolve("train.en");
    target = folder.resolve("train.fr");
  }

  @Test
  void pairsTheLinesOfTwoFiles() throws IOException {
    write(
        List.of("Hello.", "  A cat \r", "\u00a0", "It is raining."),
        List.of("Bonjour.", "Un chat\t\r", "", "Il pleut."));
    ParallelText text = ParallelText.files(source, target);
    assertThat(text.training())
        .containsExactly(
            new Pair("Hello.", "Bonjour.", "train.en"), new Pair("A cat", "Un chat", "train.en"));
    assertThat(text.validation())
        .containsExactly(new Pair("It is raining.", "Il pleut.", "train.en"));
    assertThat(text.description())
        .isEqualTo("2 pairs of %s and %s; validation on 1 pair held out", source, target);
  }

  @Test
  void theLastLineNeedsNoEndAndTheFirstMayHaveAByteOrderMark() throws IOException {
    Files.writeString(source, "\uFEFFone\ntwo");
    Files.writeString(target, "un\ndeux\n");
    ParallelText text = ParallelText.files(source, target);
    assertThat(text.training()).containsExactly(new Pair("one", "un", "train.en"));
    assertThat(text.validation()).containsExactly(new Pair("two", "deux", "train.en"));
  }

  /** As some lines of WMT's files have them; they would shift all lines after. */
  @Test
  void onlyALineFeedEndsALine() throws IOException {
    Files.writeString(source, "one\rmore\ntwo\u2028more\u0085\n");
    Files.writeString(target, "un\ndeux\n");
    assertThat(ParallelText.files(source, target).training())
        .containsExactly(new Pair("one\rmore", "un", "train.en"));
  }

  @Test
  void holdsOutOneInTwentySpreadEvenly() throws IOException {
    writeNumbered(IntStream.rangeClosed(1, 1010).mapToObj(i -> "line " + i).toList());
    ParallelText text = ParallelText.files(source, target);
    assertThat(text.validation())
        .extracting(Pair::source)
        .isEqualTo(IntStream.rangeClosed(1, 50).mapToObj(i -> "line " + 20 * i).toList());
    assertThat(text.training()).hasSize(960).doesNotContainAnyElementsOf(text.validation());
  }

  @Test
  void keepsEqualSourcesOnOneSide() throws IOException {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 2000; i++) {
      lines.add("line " + (i * 7919L % 700)); // Each two or three times, far from each other.
    }
    writeNumbered(lines);
    ParallelText text = ParallelText.files(source, target);
    assertThat(text.training().size() + text.validation().size()).isEqualTo(2000);
    assertThat(text.validation()).hasSizeBetween(90, 100);
    List<String> learned = text.training().stream().map(Pair::source).toList();
    assertThat(text.validation()).extracting(Pair::source).doesNotContainAnyElementsOf(learned);
  }

  @Test
  void holdsOutTheSmallestGroupWhereAllAreLarge() throws IOException {
    List<String> lines = new ArrayList<>(Collections.nCopies(30, "often"));
    lines.add(10, "rare");
    lines.addAll(Collections.nCopies(9, "sometimes"));
    writeNumbered(lines);
    ParallelText text = ParallelText.files(source, target);
    assertThat(text.validation()).extracting(Pair::source).containsExactly("rare");
    assertThat(text.training()).hasSize(39);
  }

  @Test
  void refusesAMissingFile() throws IOException {
    Files.writeString(source, "one\n");
    refuses("cannot read %s: no such file or directory".formatted(target));
  }

  @Test
  void refusesAFileThatIsNotUtf8() throws IOException {
    write(List.of("one", "summer", "two"), List.of("un", "deux", "trois"));
    Files.writeString(target, "un\n\u00e9t\u00e9\ndeux\n", ISO_8859_1);
    refuses(
        ("%s is not UTF-8 (line 2); convert it, for instance with:"
                + " iconv -f ISO-8859-1 -t UTF-8 '%s' > converted.txt")
            .formatted(target, target));
  }

  @Test
  void refusesDifferentNumbersOfLines() throws IOException {
    write(List.of("one", "two", "three"), List.of("un", "deux"));
    refuses(
        "%s has 3 lines and %s has 2; line n of one must be the translation of line n of the other"
            .formatted(source, target));
  }

  @Test
  void refusesALineThatIsEmptyOnOneSide() throws IOException {
    write(List.of("one", "two", "three"), List.of("un", " ", "trois"));
    refuses(
        "line 2 of %s is empty, that of %s is not; fill it, or take the line out of both files"
            .formatted(target, source));
    write(List.of("", "two", "three"), List.of("un", "deux", "trois"));
    refuses(
        "line 1 of %s is empty, that of %s is not; fill it, or take the line out of both files"
            .formatted(source, target));
  }

  @Test
  void refusesFilesWithoutSentences() throws IOException {
    write(List.of("", " "), List.of("\t", ""));
    String message =
        "no sentences in %s and %s; name files with one sentence a line".formatted(source, target);
    refuses(message);
    Files.writeString(source, "");
    Files.writeString(target, "");
    refuses(message);
  }

  @Test
  void refusesTooFewPairsToHoldAnyOut() throws IOException {
    write(List.of("one", "one"), List.of("un", "une"));
    refuses(
        ("%s has too few sentences: none can be held out of 2 with the same text; give at least 2"
                + " different ones")
            .formatted(source));
    write(List.of("one"), List.of("un"));
    refuses(
        ("%s has too few sentences: none can be held out of 1 with the same text; give at least 2"
                + " different ones")
            .formatted(source));
  }

  @Test
  void theDigestTellsTextsApart() {
    List<Pair> ab = List.of(new Pair("a", "b", "x"));
    List<Pair> cd = List.of(new Pair("c", "d", "x"));
    ParallelText text = new ParallelText(ab, cd, "text");
    // printf '\0\0\0\1\0\0\0\1a\0\0\0\1b\0\0\0\1\0\0\0\1c\0\0\0\1d' | sha256sum
    assertThat(text.digest())
        .isEqualTo("8597018c2fb3a09b26b8183bd3ed60ed44ab02aff99754bc32e846d42c5685d4");
    assertThat(new ParallelText(List.of(new Pair("a", "b", "y")), cd, "").digest())
        .isEqualTo(text.digest());
    assertThat(
            List.of(
                new ParallelText(cd, ab, "").digest(),
                new ParallelText(List.of(new Pair("ab", "", "x")), cd, "").digest(),
                new ParallelText(List.of(new Pair("b", "a", "x")), cd, "").digest(),
                new ParallelText(List.of(ab.getFirst(), cd.getFirst()), List.of(), "").digest(),
                new ParallelText(List.of(), List.of(ab.getFirst(), cd.getFirst()), "").digest()))
        .doesNotHaveDuplicates()
        .doesNotContain(text.digest());
  }

  private void refuses(String message) {
    ThrowingCallable read = () -> ParallelText.files(source, target);
    assertThatThrownBy(read).isInstanceOf(UserError.class).hasMessage(message);
  }

  private void writeNumbered(List<String> lines) throws IOException {
    write(lines, IntStream.range(0, lines.size()).mapToObj(i -> "ligne " + i).toList());
  }

  private void write(List<String> sources, List<String> targets) throws IOException {
    Files.writeString(source, String.join("\n", sources) + "\n");
    Files.writeString(target, String.join("\n", targets) + "\n");
  }
}
