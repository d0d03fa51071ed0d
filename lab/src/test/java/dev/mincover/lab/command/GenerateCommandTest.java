package dev.mincover.lab.command;

import static dev.mincover.lab.command.Result.mincover;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.lab.model.ModelFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GenerateCommandTest {

  @TempDir private Path folder;

  /** Trains a model small enough for a test. */
  private Result train(String text, int steps, String... more) throws IOException {
    Path corpus = Files.writeString(folder.resolve("text.txt"), text);
    List<String> words = new ArrayList<>(List.of("--steps", "" + steps));
    words.addAll(List.of("--layers 1 --width 16 --heads 2 --context 16 --batch 4".split(" ")));
    words.addAll(List.of("--threads", "1", "--learning-rate", "0.05"));
    words.addAll(List.of("--corpus", corpus.toString(), "--out", run()));
    words.addAll(List.of(more));
    return mincover("train", words);
  }

  private String run() {
    return folder.resolve("run").toString();
  }

  @ParameterizedTest
  @ValueSource(strings = {"@Override", "--seed", "-h", "--help", "--", "@@", "", "'quoted'"})
  void aPromptIsTakenAsItIs(String prompt) throws IOException {
    train("All work and no play.\n".repeat(50), 1);
    Files.writeString(folder.resolve("Override"), "--length 3");
    Result apart = mincover("generate", run(), "--length", "0", "--prompt", prompt);
    assertThat(apart.err()).isEmpty();
    assertThat(apart.code()).isZero();
    assertThat(apart.out()).isEqualTo(prompt + System.lineSeparator());
    Result joined = mincover("generate", "--prompt=" + prompt, run(), "--length", "0");
    assertThat(joined.err()).isEmpty();
    assertThat(joined.out()).isEqualTo(apart.out());
  }

  @Test
  void noWordOfTheLineIsAFileOfOthers() throws IOException {
    Path words = Files.writeString(folder.resolve("words"), "--help");
    Result result = mincover("generate", "@" + words);
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("no run directory @" + words);
  }

  @Test
  void aPromptWithoutATextIsRefused() {
    Result result = mincover("generate", run(), "--prompt");
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("'--prompt' (TEXT)");
  }

  @Test
  void carriageReturnsAreLineEnds() throws IOException {
    Result trained = train("ab\r\n".repeat(500), 60, "--sample", "60");
    assertThat(trained.code()).as(trained.err()).isZero();
    assertThat(trained.out()).containsPattern("\\Rsample .*\\R[ab\n]{20,}$");
    Result written = mincover("generate", run(), "--prompt", "ab\r", "--length", "40");
    assertThat(written.out()).startsWith("ab\n").matches("[ab\n]{20,}");
  }

  @Test
  void aTextWithoutLineEndsIsStartedFromWhatItHas() throws IOException {
    Result trained = train("no end ".repeat(300), 100, "--sample", "30");
    assertThat(trained.code()).as(trained.err()).isZero();
    assertThat(trained.out()).containsPattern("\\Rsample .*\\R\\R[no ed]{20,30}\\R$");
    assertThat(ModelFile.start(folder.resolve("run/model.safetensors"))).containsExactly(' ');
    Result written = mincover("generate", run(), "--length", "14");
    Result prompted = mincover("generate", run(), "--prompt", " ", "--length", "14");
    assertThat(prompted.out()).isEqualTo(" " + written.out());
  }
}
