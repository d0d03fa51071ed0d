package dev.mincover.lab.translation;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.lab.common.UserError;
import dev.mincover.lab.translation.MessageBundles.Counts;
import dev.mincover.lab.translation.PairRules.Reason;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ParallelTextBundlesTest {
  private static final Path JARS =
      Path.of(System.getProperty("mincover.home", "target/mincover"), "translation");

  /** What is made plain in all sentences. */
  private static final Pattern UNTIDY = Pattern.compile("''|\u2019|[\\p{IsWhite_Space}&&[^ ]]|  ");

  private static final Product LEARNED =
      new Product("Learned", "1", false, true, List.of("french", "english"));
  private static final Product JUDGED = new Product("Judged", "2", true, false, List.of("judged"));

  @TempDir Path folder;

  @Test
  void pairsTheMessagesOfJarsByKey() throws IOException {
    jar(
        "french-1",
        Map.of(
            "b/M_fr.properties",
            "z=Le fichier ''{0}'' n''''est pas l\u00e0\na=L\\u2019\\u00e9l\u00e8ve\\u00a0: \\n  un\nmissing=Rien\n",
            "a/N_fr.properties",
            "k=Bonjour\n",
            "a/O_fr.properties",
            "k=Sans anglais\n"));
    jar(
        "english-1",
        Map.of(
            "b/M.properties",
            "a=The pupil: one\nz=The file ''{0}'' is missing\n",
            "b/M_en.properties",
            "a=Not this one\n",
            "b/M_de.properties",
            "a=Der Sch\u00fcler: einer\n",
            "a/N_en.properties",
            "k=Good morning\n"));
    List<Pair> pairs = BundleJars.pairs(folder, LEARNED);
    assertThat(pairs)
        .containsExactly(
            new Pair("Good morning", "Bonjour", "Learned"),
            new Pair("The pupil: one", "L'\u00e9l\u00e8ve : un", "Learned"),
            new Pair("The file '{0}' is missing", "Le fichier '{0}' n'est pas l\u00e0", "Learned"));
  }

  @Test
  void doubledApostrophesStayWithoutMessageFormat() throws IOException {
    jar("judged-2", Map.of("M.properties", "a=It''s late\n", "M_fr.properties", "a=C''est tard\n"));
    assertThat(BundleJars.pairs(folder, JUDGED))
        .containsExactly(new Pair("It''s late", "C''est tard", "Judged"));
  }

  @Test
  void whatIsJudgedIsNotLearned() throws IOException {
    jar(
        "french-1",
        Map.of("M_fr.properties", "a=Enregistrer\nb=Ouvrir\nc=Ouvre\nd=Fermer\ne=Close\n"));
    jar("english-1", Map.of("M.properties", "a=Save...\nb=Open\nc=Open:\nd=Close\ne=Close\n"));
    jar(
        "judged-2",
        Map.of(
            "M.properties",
            "a=save\nb=The end\nc=the end!\n",
            "M_fr.properties",
            "a=Sauver\nb=La fin\nc=Fin\n"));
    List<String> seen = new ArrayList<>();
    var result =
        MessageBundles.read(
            folder,
            List.of(LEARNED, JUDGED),
            (pair, reason) -> seen.add(pair.target() + " " + reason));
    assertThat(result.text().training())
        .containsExactly(
            new Pair("Open", "Ouvrir", "Learned"), new Pair("Close", "Fermer", "Learned"));
    assertThat(result.text().validation())
        .containsExactly(
            new Pair("save", "Sauver", "Judged"), new Pair("The end", "La fin", "Judged"));
    assertThat(seen)
        .containsExactly(
            "Sauver null",
            "La fin null",
            "Fin REPEATED",
            "Enregistrer VALIDATED",
            "Ouvrir null",
            "Ouvre REPEATED",
            "Fermer null",
            "Close EQUAL");
    assertThat(result.text().description())
        .isEqualTo(
            "2 English messages with their French of Learned 1; validation on 2 of Judged 2");
    Counts counts = requireNonNull(result.counts().get(LEARNED));
    assertThat(counts.kept()).isEqualTo(2);
    assertThat(counts.dropped(Reason.REPEATED)).isEqualTo(1);
    assertThat(counts.dropped(Reason.VALIDATED)).isEqualTo(1);
    assertThat(counts.dropped(Reason.EQUAL)).isEqualTo(1);
    assertThat(counts.dropped(Reason.CODE)).isZero();
  }

  @Test
  void namesWhatIsMissing() throws IOException {
    Path missing = folder.resolve("missing");
    String remedy = "build the project again, or name two aligned text files of your own";
    assertThatThrownBy(() -> ParallelText.bundles(missing))
        .isInstanceOf(UserError.class)
        .hasMessage("no default translations in %s; %s", missing, remedy);
    assertThatThrownBy(() -> BundleJars.pairs(folder, JUDGED))
        .isInstanceOf(UserError.class)
        .hasMessage("no judged-2.jar in %s; %s", folder, remedy);
    Files.writeString(folder.resolve("judged-2.jar"), "no jar");
    assertThatThrownBy(() -> BundleJars.pairs(folder, JUDGED))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith(
            "cannot read %s (%s): ".formatted(folder.resolve("judged-2.jar"), remedy));
    jar("judged-2", Map.of("M_fr.properties", "a=Fin\n"));
    assertThatThrownBy(() -> MessageBundles.read(folder, List.of(JUDGED), (_, _) -> {}))
        .isInstanceOf(UserError.class)
        .hasMessage("no translations in the jars of %s; %s", folder, remedy);
  }

  @Test
  void refusesAnEncodingThatItWouldHaveToGuess() throws IOException {
    jar(
        "judged-2",
        Map.of("M.properties", "a=summer\n", "M_fr.properties", "a=\u00e9t\u00e9\n"),
        StandardCharsets.ISO_8859_1);
    assertThatThrownBy(() -> BundleJars.pairs(folder, JUDGED))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith("cannot read %s".formatted(folder.resolve("judged-2.jar")));
  }

  @Test
  void theDefaultTextHasManyPairsAndJudgesByOthersThanItLearnsFrom() {
    ParallelText text = ParallelText.bundles(JARS);
    assertThat(text.training().size() + text.validation().size()).isGreaterThan(15_000);
    assertThat(text.validation()).hasSizeBetween(500, 1500);

    Set<String> learned = products(text.training());
    assertThat(learned).hasSize(5).doesNotContainAnyElementsOf(products(text.validation()));
    assertThat(products(text.validation())).containsExactlyInAnyOrder("Apereo CAS", "Hudson");

    List<Pair> all = Stream.concat(text.training().stream(), text.validation().stream()).toList();
    assertThat(all.stream().map(pair -> SentenceText.words(pair.source())))
        .as("English texts, each once in all")
        .doesNotHaveDuplicates();
    assertThat(all).allMatch(pair -> PairRules.reason(pair.source(), pair.target()) == null);
    assertThat(all).noneMatch(pair -> UNTIDY.matcher(pair.source() + " / " + pair.target()).find());
  }

  @Test
  void theDefaultTextIsTheSameEachTime() {
    ParallelText text = ParallelText.bundles(JARS);
    assertThat(ParallelText.bundles(JARS)).isEqualTo(text);
    // Figures in the documents are of this text.
    assertThat(text.digest())
        .isEqualTo("40ce5688b9d03733993447867e11b05393f7eb2bafde9db3cba040c282871f12");
  }

  @Test
  void theDocumentHasTheNumbersAndExamplesOfTheDefaultText() throws IOException {
    String page = Files.readString(Path.of("../docs/explanation/translation-data.md"));
    Map<Pair, String> fates = new HashMap<>();
    var result =
        MessageBundles.read(
            JARS,
            Product.ALL,
            (pair, reason) -> fates.merge(pair, label(reason), (first, _) -> first));
    Map<String, Integer> sums = new TreeMap<>();
    result
        .counts()
        .forEach((product, counts) -> {
          String row = row("%s %s".formatted(product.name(), product.version()), counts);
          assertThat(page).contains(row);
          sums.merge(product.validation() ? "validation" : "training", counts.kept(), Integer::sum);
          for (String jar : product.jars()) {
            assertThat(page).contains(":%s:%s".formatted(jar, product.version()));
          }
        });
    assertThat(page)
        .contains("%d pairs to learn from".formatted(sums.get("training")))
        .contains("%d pairs to be judged by".formatted(sums.get("validation")));
    List<String[]> examples =
        page.lines()
            .filter(line -> line.startsWith("| ") && line.split(" \\| ").length == 4)
            .map(line -> line.substring(2, line.length() - 2).split(" \\| "))
            .filter(cells -> fates.containsValue(cells[3].strip()))
            .toList();
    assertThat(examples).hasSizeGreaterThanOrEqualTo(20);
    for (String[] cells : examples) {
      var pair = new Pair(code(cells[1]), code(cells[2]), cells[0].strip());
      assertThat(fates.get(pair)).as("%s", pair).isEqualTo(cells[3].strip());
    }
  }

  private static String code(String cell) {
    return cell.strip().replaceAll("^`|`$", "");
  }

  private static String label(@Nullable Reason reason) {
    return reason == null ? "kept" : reason.label();
  }

  private static String row(String name, Counts counts) {
    return Stream.concat(
            Stream.of(name, String.valueOf(counts.kept())),
            Stream.of(Reason.values()).map(reason -> String.valueOf(counts.dropped(reason))))
        .collect(joining(" | ", "| ", " |"));
  }

  private static Set<String> products(List<Pair> pairs) {
    return pairs.stream().map(Pair::from).collect(toSet());
  }

  private void jar(String name, Map<String, String> files) throws IOException {
    jar(name, files, UTF_8);
  }

  private void jar(String name, Map<String, String> files, Charset charset) throws IOException {
    try (var zip = new ZipOutputStream(Files.newOutputStream(folder.resolve(name + ".jar")))) {
      for (Map.Entry<String, String> file : files.entrySet()) {
        zip.putNextEntry(new ZipEntry(file.getKey()));
        zip.write(file.getValue().getBytes(charset));
        zip.closeEntry();
      }
    }
  }
}
