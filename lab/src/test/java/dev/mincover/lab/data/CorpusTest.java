package dev.mincover.lab.data;

import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.mincover.lab.common.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class CorpusTest {
  @TempDir Path folder;

  @Test
  void holdsOutTheEndOfASingleFile() throws IOException {
    Path file = file("text", "abcdefghij".repeat(10));
    Corpus corpus = Corpus.files(List.of(file));
    assertThat(corpus.training()).asString(UTF_8).isEqualTo("abcdefghij".repeat(9) + "abcde");
    assertThat(corpus.validation()).asString(UTF_8).isEqualTo("fghij");
    assertThat(corpus.description())
        .isEqualTo("1 file of %s (95 B); validation on 5 B, the end held out", file);
  }

  @Test
  void holdsOutWholeFilesSpreadOverTheTextWhenThereAreMany() throws IOException {
    for (int i = 0; i < 45; i++) {
      file("texts/%02d".formatted(i), "file %02d".formatted(i));
    }
    Corpus corpus = Corpus.files(List.of(folder.resolve("texts")));
    assertThat(corpus.validation()).asString(UTF_8).isEqualTo("file 19\nfile 39");
    assertThat(corpus.training())
        .asString(UTF_8)
        .startsWith("file 00\nfile 01\n")
        .contains("file 18\nfile 20\n")
        .endsWith("\nfile 44");
    assertThat(corpus.description()).endsWith("(343 B); validation on 15 B, 2 files held out");
  }

  @Test
  void holdsOutTheEndWhenOneFileIsHuge() throws IOException {
    Path huge = file("0", "x".repeat(20_000));
    for (int i = 1; i < 45; i++) {
      file("%02d".formatted(i), "y");
    }
    Corpus corpus = Corpus.files(List.of(folder));
    assertThat(huge).exists();
    assertThat(corpus.validation()).hasSize((int) (0.05 * (20_000 + 44 * 2)));
    assertThat(corpus.validation()).asString(UTF_8).endsWith("x\ny\ny" + "\ny".repeat(42));
  }

  @Test
  void readsDirectoriesInOrderWithoutHiddenOrBinaryFiles() throws IOException {
    file("in/b/2.txt", "two");
    file("in/a.txt", "one");
    file("in/b/.hidden", "hidden");
    file("in/.git/config", "hidden");
    file("in/c.bin", "bi\0nary");
    file("in/d.txt", "");
    Path last = file("z", "x".repeat(30));
    Corpus corpus = Corpus.files(List.of(folder.resolve("in"), last));
    assertThat(text(corpus)).isEqualTo("one\ntwo\n" + "x".repeat(30));
    assertThat(corpus.description()).startsWith("3 files of ").endsWith("; 1 binary file skipped");
  }

  @Test
  void readsHiddenFilesThatAreNamed() throws IOException {
    Path file = file(".notes/.text", "x".repeat(50));
    assertThat(text(Corpus.files(List.of(file)))).hasSize(50);
    assertThatThrownBy(() -> Corpus.files(List.of(file.getParent())))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("the corpus is empty");
  }

  @Test
  void readsAFileNamedTwiceOnce() throws IOException {
    Path file = file("in/a", "x".repeat(50));
    Files.createSymbolicLink(folder.resolve("in/link"), file);
    assertThat(text(Corpus.files(List.of(folder, file, file)))).hasSize(50);
  }

  @Test
  void refusesAMissingPath() {
    Path missing = folder.resolve("missing.txt");
    assertThatThrownBy(() -> Corpus.files(List.of(missing)))
        .isInstanceOf(UserError.class)
        .hasMessage("cannot read corpus %s: no such file or directory", missing);
  }

  @Test
  void refusesAnUnreadableFile() throws IOException {
    Path file = file("secret", "text");
    assumeTrue(file.toFile().setReadable(false) && !Files.isReadable(file), "may read everything");
    assertThatThrownBy(() -> Corpus.files(List.of(folder)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("cannot read corpus " + file.toRealPath() + ": permission denied");
  }

  @Test
  void refusesACorpusWithoutText() throws IOException {
    file("empty", "");
    file("binary", "\0");
    assertThatThrownBy(() -> Corpus.files(List.of(folder)))
        .isInstanceOf(UserError.class)
        .hasMessage(
            "the corpus is empty: no text in %s; 1 binary file skipped;"
                + " name a text file that is not empty",
            folder);
  }

  @Test
  void saysWhatATextInAnotherEncodingIs() throws IOException {
    Path file = folder.resolve("notes.txt");
    Files.writeString(file, "\uFEFFsome text\r\n".repeat(20), UTF_16LE);
    assertThatThrownBy(() -> Corpus.files(List.of(file)))
        .isInstanceOf(UserError.class)
        .hasMessage(
            "the corpus is empty: no text in %s; %s is UTF-16 little-endian; convert it with:"
                + " iconv -f UTF-16 -t UTF-8 '%s' > text.txt",
            file, file.toRealPath(), file.toRealPath());
  }

  @Test
  void skipsTextsInOtherEncodingsAmongOthersWithTheReason() throws IOException {
    file("a.txt", "x".repeat(50));
    file("b.bin", "\0");
    Files.writeString(folder.resolve("c.txt"), "some text\n", UTF_16LE);
    Files.writeString(folder.resolve("d.txt"), "some text\n", UTF_16LE);
    Files.writeString(folder.resolve("e.txt"), "\uFEFFsome text\n", UTF_16BE);
    Corpus corpus = Corpus.files(List.of(folder));
    assertThat(text(corpus)).isEqualTo("x".repeat(50));
    assertThat(corpus.description())
        .endsWith(
            "; 1 binary file skipped; 2 files in UTF-16 little-endian skipped, which"
                + " 'iconv -f UTF-16LE -t UTF-8 FILE' converts; 1 file in UTF-16 big-endian skipped,"
                + " which 'iconv -f UTF-16 -t UTF-8 FILE' converts");
    Files.delete(folder.resolve("a.txt"));
    assertThatThrownBy(() -> Corpus.files(List.of(folder)))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith(
            "the corpus is empty: no text in %s; 1 binary file skipped; 2", folder)
        .hasMessageEndingWith("converts; name converted files");
  }

  @Test
  void saysHowManyFilesAreCopies() throws IOException {
    for (int i = 0; i < 40; i++) {
      file("%02d".formatted(i), "abcdefghij".repeat(10));
    }
    Corpus corpus = Corpus.files(List.of(folder));
    assertThat(corpus.validation()).asString(UTF_8).isEqualTo("fghij");
    assertThat(corpus.description())
        .isEqualTo(
            "40 files of %s (3.8 kB); validation on 5 B, the end of each file held out;"
                + " 39 files are copies of others or nearly so, their ends left out",
            folder);
  }

  @ParameterizedTest
  @MethodSource
  void aSampleStartsAfterWhatWasSeen(String text, String start) {
    assertThat(new Corpus(text.getBytes(UTF_8), new byte[0], "").start())
        .asString(UTF_8)
        .isEqualTo(start);
  }

  static List<Arguments> aSampleStartsAfterWhatWasSeen() {
    return List.of(
        Arguments.of("a b\nc d\n", "\n"),
        Arguments.of("a b\r\nc d\r\n", "\n"),
        Arguments.of("a b\rc d\r", "\r"),
        Arguments.of("a paragraph ".repeat(300) + "\n", "\n"),
        Arguments.of("no end at all ".repeat(1000), " "),
        Arguments.of("one end at the end ".repeat(1000) + "\n", " "),
        Arguments.of("GATTACA".repeat(1000) + " \n", "A"),
        Arguments.of("\u4e2d\u6587\u4e2d".repeat(1000), "\u4e2d"));
  }

  @Test
  void aSampleOfBytesThatAreNoTextStartsAfterTheMostFrequent() {
    byte[] bytes = {(byte) 0x81, (byte) 0x82, (byte) 0x81};
    assertThat(new Corpus(bytes, new byte[0], "").start()).containsExactly(0x81);
  }

  @Test
  void bothTextsMustHoldAContextAndTheByteAfterIt() {
    var corpus = new Corpus(new byte[100], new byte[9], "zeros");
    assertThatCode(() -> corpus.requireContext(8)).doesNotThrowAnyException();
    assertThatThrownBy(() -> corpus.requireContext(9))
        .isInstanceOf(UserError.class)
        .hasMessage(
            "the corpus is too short: its validation text has 9 bytes, a context of 9 needs 10;"
                + " give more text or a smaller --context");
    assertThatThrownBy(() -> corpus.requireContext(Integer.MAX_VALUE))
        .hasMessageContaining("training text has 100 bytes")
        .hasMessageContaining("needs 2147483648");
  }

  private static String text(Corpus corpus) {
    return new String(corpus.training(), UTF_8) + new String(corpus.validation(), UTF_8);
  }

  private Path file(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }
}
