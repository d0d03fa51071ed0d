package dev.mincover.lab.translation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.InputStream;
import java.util.Collections;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class BleuTest {
  private static final Offset<Double> EXACT = within(1e-9);

  /**
   * The sentences of sacreBLEU's README, whose own score, 48.53, is against more references than
   * one.
   */
  private static final List<String> README =
      List.of("The dog bit the man.", "It wasn't surprising.", "The man had just bitten him.");

  /** sacreBLEU's test/test_sentence_bleu.py, which asserts this score within 1e-3. */
  @Test
  void agreesWithTheExampleOfSacreBleusTestsOfSentences() {
    assertThat(
            Bleu.of(
                List.of(
                    "Producția de zahăr primă va fi exprimată în ceea ce privește zahărul alb;"),
                List.of("producţia de zahăr brut se exprimă în zahăr alb;")))
        .isCloseTo(8.493, within(1e-3));
  }

  /** sacreBLEU's test/test_sentence_bleu.py, the example of its issue 141. */
  @Test
  void isZeroIfNoWordIsRight() {
    assertThat(Bleu.of(List.of("this is a cat"), List.of("okay thanks"))).isZero();
  }

  /** sacreBLEU's test/test_bleu.py, with one set of its references. */
  @Test
  void emptyHypothesesScoreZero() {
    assertThat(
            Bleu.of(
                Collections.nCopies(3, ""),
                List.of(
                    "The dog bit the man.", "It was not unexpected.", "The man bit him first.")))
        .isZero();
  }

  /** The example of the documentation of Hugging Face's evaluate, which scores with sacreBLEU. */
  @Test
  void identicalSentencesScoreAHundred() {
    var sentences = List.of("hello there general kenobi", "foo bar foobar");
    assertThat(Bleu.of(sentences, sentences)).isCloseTo(100, EXACT);
  }

  /** Computed by sacreBLEU 2.6.0, with its default options and one set of its references each. */
  @Test
  void agreesWithSacreBleuOnTheSentencesOfItsReadme() {
    assertThat(
            Bleu.of(
                README,
                List.of(
                    "The dog bit the man.", "It was not unexpected.", "The man bit him first.")))
        .isCloseTo(45.06750632106114, EXACT);
    assertThat(
            Bleu.of(
                README,
                List.of(
                    "The dog had bit the man.",
                    "No one was surprised.",
                    "The man had bitten the dog.")))
        .isCloseTo(28.330553664429278, EXACT);
  }

  /** 3 of 4 words, 1 of 3 pairs; no triple of 2 counts as 1/2, no quadruple of 1 as 1/4. */
  @Test
  void smoothsPrecisionsOfZero() {
    double expected = 100 * Math.pow(3 / 4. * (2 / 3.) * (1 / 2.) * (1 / 2.), 1 / 4.);
    assertThat(expected).isCloseTo(59.460355750136046, EXACT); // by sacreBLEU 2.6.0
    assertThat(Bleu.of(List.of("this is a fest"), List.of("this is a test")))
        .isCloseTo(expected, EXACT);
    assertThat(Bleu.of(List.of("a b x c d"), List.of("a b y c d")))
        .isCloseTo(100 * Math.pow(4 / 5. * (2 / 4.) * (1 / 2. / 3) * (1 / 4. / 2), 1 / 4.), EXACT);
  }

  @Test
  void countsAWordNoMoreOftenThanTheReferenceHasIt() {
    assertThat(Bleu.of(List.of("the the the the"), List.of("the cat sat down")))
        .isCloseTo(100 * Math.pow(1 / 4. * (1 / 2. / 3) * (1 / 4. / 2) * (1 / 8.), 1 / 4.), EXACT);
  }

  @Test
  void penalisesBrevityOfTheWholeCorpusAlone() {
    var references = List.of("a b c d e", "f g h i j");
    assertThat(Bleu.of(List.of("a b c d e", "f g h i"), references))
        .isCloseTo(100 * Math.exp(1 - 10 / 9.), EXACT);
    double longer = Bleu.of(List.of("a b c d e", "f g h i j k"), references);
    assertThat(longer)
        .isCloseTo(100 * Math.pow(10 / 11. * (8 / 9.) * (6 / 7.) * (4 / 5.), 1 / 4.), EXACT);
  }

  @Test
  void isZeroIfNoHypothesisHasFourWords() {
    assertThat(Bleu.of(List.of("foo bar foobar"), List.of("foo bar foobar"))).isZero();
    assertThat(Bleu.of(List.of("foo bar foobar."), List.of("foo bar foobar.")))
        .isCloseTo(100, EXACT);
  }

  @Test
  void isZeroWithoutSentences() {
    assertThat(Bleu.of(List.of(), List.of())).isZero();
  }

  @Test
  void caseCounts() {
    assertThat(Bleu.of(List.of("A B C D"), List.of("a b c d"))).isZero();
  }

  @Test
  void refusesAnotherNumberOfReferences() {
    assertThatThrownBy(() -> Bleu.of(List.of("a", "b"), List.of("a")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("2 hypotheses, 1 references; each hypothesis needs its own reference");
  }

  /** Random corpora, scored by sacreBLEU 2.6.0 with its default options. */
  @Test
  void agreesWithSacreBleuOnRandomCorpora() throws IOException {
    JsonNode corpora;
    try (InputStream in = BleuTest.class.getResourceAsStream("sacrebleu-2.6.0.json")) {
      corpora = new JsonMapper().readTree(in);
    }
    assertThat(corpora.size()).isEqualTo(100);
    for (JsonNode corpus : corpora) {
      assertThat(Bleu.of(strings(corpus.get("hypotheses")), strings(corpus.get("references"))))
          .as("%s", corpus)
          .isCloseTo(corpus.get("bleu").asDouble(), EXACT);
    }
  }

  private static List<String> strings(JsonNode array) {
    return array.valueStream().map(JsonNode::asString).toList();
  }

  @ParameterizedTest
  @MethodSource
  void splitsWords(String sentence, List<String> words) {
    assertThat(Bleu.words(sentence)).isEqualTo(words);
  }

  /** What sacreBLEU 2.6.0's Tokenizer13a makes of these. */
  static List<Arguments> splitsWords() {
    return List.of(
        Arguments.of("Hello, world.", List.of("Hello", ",", "world", ".")),
        Arguments.of("3.14 and 1,000.", List.of("3.14", "and", "1,000", ".")),
        Arguments.of("pre-war 1990-1995", List.of("pre-war", "1990", "-", "1995")),
        Arguments.of(
            "d'acc\u00e8s l\u2019acc\u00e8s", List.of("d'acc\u00e8s", "l\u2019acc\u00e8s")),
        Arguments.of("$5.00 (50%)", List.of("$", "5.00", "(", "50", "%", ")")),
        Arguments.of(
            "a &lt;b&gt; &quot;c&quot; &amp;amp;",
            List.of("a", "<", "b", ">", "\"", "c", "\"", "&", "amp", ";")),
        Arguments.of("end...", List.of("end", ".", ".", ".")),
        Arguments.of("file.txt", List.of("file", ".", "txt")),
        Arguments.of("<skipped>x", List.of("x")),
        Arguments.of("mot\u00a0: suite\u202f!", List.of("mot", ":", "suite", "!")),
        Arguments.of(
            "a_b [c] {d} ~ `e` ^",
            List.of("a", "_", "b", "[", "c", "]", "{", "d", "}", "~", "`", "e", "`", "^")),
        Arguments.of("", List.of()),
        Arguments.of("  ", List.of()),
        Arguments.of("well-\nknown", List.of("wellknown")),
        Arguments.of("x\ny", List.of("x", "y")),
        Arguments.of(".5", List.of(".", "5")),
        Arguments.of("5.", List.of("5", ".")),
        Arguments.of("tab\there \u001cy", List.of("tab", "here", "y")));
  }
}
