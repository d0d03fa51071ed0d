package dev.mincover.lab.command;

import static dev.mincover.lab.command.Result.mincover;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.lab.run.Examples;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.run.TaskKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tasks other than lm, from the command line. Pictures have to be fetched, and are not tried here.
 */
class TasksTest {

  private static final List<String> NUMBERS =
      List.of("one", "two", "three", "four", "five", "six", "seven", "eight", "nine");
  private static final List<String> NOMBRES =
      List.of("un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf");

  @TempDir private Path folder;
  private Path source;
  private Path target;

  @BeforeEach
  void writeText() throws IOException {
    List<String> english = new ArrayList<>();
    List<String> french = new ArrayList<>();
    for (int i = 0; i < 81; i++) {
      english.add(NUMBERS.get(i / 9) + " and " + NUMBERS.get(i % 9));
      french.add(NOMBRES.get(i / 9) + " et " + NOMBRES.get(i % 9));
    }
    source = Files.write(folder.resolve("en.txt"), english);
    target = Files.write(folder.resolve("fr.txt"), french);
  }

  private List<String> words(String task) {
    String data =
        task.equals("mlm") ? "--corpus " + source : "--source " + source + " --target " + target;
    String words =
        "--task %s %s --layers 1 --width 16 --heads 2 --context 32 --batch 6 --threads 2"
            .formatted(task, data);
    return new ArrayList<>(Arrays.asList(words.split(" ", -1)));
  }

  private RunDirectory trained(String task, String out, String... more) {
    List<String> words = words(task);
    words.addFirst("train");
    words.addAll(List.of("--out", folder.resolve(out).toString()));
    words.addAll(List.of(more));
    Result result = mincover(words.toArray(String[]::new));
    assertThat(result.code()).as(result.err()).isZero();
    return new RunDirectory(folder.resolve(out));
  }

  @ParameterizedTest
  @CsvSource({"mlm,MLM,1", "translation,TRANSLATION,2"})
  void aRunLeavesScoresExamplesAndAReport(String task, TaskKind kind, int scores)
      throws IOException {
    RunDirectory run = trained(task, "run", "--steps", "8");
    Summary summary = Summary.read(run.summary());
    assertThat(summary.setup().kind()).isEqualTo(kind);
    assertThat(summary.quality().scores()).hasSize(scores);
    Examples examples = Examples.read(run);
    assertThat(examples.rows()).isNotEmpty();
    assertThat(Files.readString(run.path().resolve("report.html")))
        .contains("bits per " + kind.unit(), examples.title(), "score");
    Result inspected = mincover("inspect", run.path().toString());
    assertThat(inspected.code()).as(inspected.err()).isZero();
    assertThat(inspected.out()).contains("wte.weight");
  }

  /** Batches, masks and the order of sentences go on where they were. */
  @ParameterizedTest
  @ValueSource(strings = {"mlm", "translation"})
  void aRunGoesOnWithTheSameBits(String task) throws IOException {
    RunDirectory straight =
        trained(
            task, "straight", "--steps", "20", "--cooldown", "0", "--warmup", "0", "--no-report");
    // The same schedule for another number of steps: no warm-up, no cool-down.
    RunDirectory begun =
        trained(task, "begun", "--steps", "8", "--cooldown", "0", "--warmup", "0", "--no-report");
    Result result = mincover("train", "--resume", begun.path().toString(), "--steps", "20");
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(begun.model()).hasSameBinaryContentAs(straight.model());
    assertThat(Summary.read(begun.summary()).course().tokens())
        .isEqualTo(Summary.read(straight.summary()).course().tokens());
  }

  @Test
  void optimizersAreComparedOnATask() throws IOException {
    List<String> words = words("translation");
    words.addFirst("compare");
    words.addAll(
        List.of("--optimizers", "sm3,adam", "--steps", "4", "--out", folder + "/compared"));
    Result result = mincover(words.toArray(String[]::new));
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out()).contains("BLEU", "sm3", "adam", "Bits a byte");
    assertThat(Files.readString(folder.resolve("compared/comparison.json")))
        .contains("\"task\" : \"translation\"", "\"name\" : \"BLEU\"");
  }

  @Test
  void aTrainedModelTranslatesText() {
    RunDirectory run = trained("translation", "run", "--steps", "4", "--no-report");
    Result result = mincover("translate", run.path().toString(), "--text", "--one", "--beam", "2");
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.err()).isEmpty();
    assertThat(mincover("translate", run.path().toString(), "--text", "x".repeat(33)).err().strip())
        .isEqualTo(
            "mincover: the text has 33 bytes, and the model reads at most 32; give it a sentence at a time");
    RunDirectory other = trained("mlm", "other", "--steps", "2", "--no-report");
    assertThat(mincover("translate", other.path().toString(), "--text", "x").err().strip())
        .endsWith(
            "holds no translator of Mincover's, but a model called 'encoder'; give a run that 'mincover train' made");
    assertThat(mincover("generate", other.path().toString()).code()).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --task poetry | --task is 'poetry'
          --task image --heads 2 | --heads has no effect with --task image; leave it out
          --task mlm --untied | --untied has no effect with --task mlm; leave it out
          --task image --layers 9 | layers is 9; it must be at least 1 and at most 4
          --task translation --source S | --source is given without --target; a translator needs both
          --task translation --target T | --target is given without --source; a translator needs both
          --task translation --corpus S | --corpus is not for --task translation; leave it out
          --task lm --source S --target T | --source is not for --task lm; leave it out
          --task mlm --source S --target T | --source is not for --task mlm; leave it out
          --task image --corpus S | --corpus is not for --task image; leave it out
          --task translation --source S --target T --context 2 | no training pair fits --context 2
          --task mlm --corpus S --context 4000 | the corpus is too short
          --task translation --width 10 --heads 4 | width 10 is not divisible by heads 4
          """)
  void badInputGetsOneLineAndLeavesNothing(String arguments, String says) {
    List<String> words = new ArrayList<>(List.of("train"));
    for (String word : arguments.split(" ", -1)) {
      words.add(word.equals("S") ? source.toString() : word.equals("T") ? target.toString() : word);
    }
    words.addAll(List.of("--out", folder.resolve("out").toString()));
    Result result = mincover(words.toArray(String[]::new));
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err().strip()).startsWith("mincover: ").contains(says).doesNotContain("\n");
    assertThat(folder.resolve("out")).doesNotExist();
  }
}
