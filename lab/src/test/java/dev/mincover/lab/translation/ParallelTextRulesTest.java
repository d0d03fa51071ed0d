package dev.mincover.lab.translation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.lab.translation.PairRules.Reason;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which pairs of messages are kept, and what makes two texts the same. */
class ParallelTextRulesTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      nullValues = "kept",
      value = {
        "Save | Enregistrer | kept",
        "No | Non | kept",
        "\"\" | Rien | EMPTY",
        "Nothing | \"\" | EMPTY",
        "Menu | Menu | EQUAL",
        "Author | Auteur (Automatic Translation) | MARKED",
        "Author | Author (Automatic Copy) | MARKED",
        "Author | TODO | MARKED",
        "Click <em>Cancel</em> | Cliquez sur <em>Annuler</em> | CODE",
        "Read <1>this</1> | Lisez ceci | CODE",
        "Terms &amp; more | Conditions et plus | CODE",
        "See https://example.org for more | Voir ailleurs | CODE",
        "Mail to a@example.org | Envoyer un courriel | CODE",
        "For example ${name} here | Par exemple ${name} ici | CODE",
        "Write '{' first | Commencez par '{' | CODE",
        "if a == b | si a == b | CODE",
        "The class java.lang.String | La classe java.lang.String | CODE",
        "In the folder /var/log or so | Dans le dossier /var/log | CODE",
        "The value AES_256_GCM | La valeur AES_256_GCM | CODE",
        "my-own-key | Ma cl\u00e9 | CODE",
        "some.key | Une cl\u00e9 | CODE",
        "Browse... | Parcourir... | kept",
        "A call of free() failed | Un appel de free() a \u00e9chou\u00e9 | kept",
        "Read and/or write | Lire et/ou \u00e9crire | kept",
        "T | M | FEW_LETTERS",
        "2005-07-28 or so | 28/07/2005 | FEW_LETTERS",
        "{0}: {1} | {0} : {1} | FEW_LETTERS",
        "{0} of {1} files | {1} fichiers, dont {0} | kept",
        "{0} of {1} files | {0} fichiers | PLACEHOLDERS",
        "{0} and {0} again | {0} et encore | PLACEHOLDERS",
        "Add {{name}} | Ajouter {{nom}} | PLACEHOLDERS",
        "%d of %s files | %d fichiers | PLACEHOLDERS",
        "%1$s is here | %1$s est ici | kept",
        "100 % sure of it | S\u00fbr et certain \u00e0 100 % | kept",
        "SCM | Outil de gestion de version | LENGTHS",
        "SCM | Outil de gestion | kept",
      })
  void keepsSentencesWithATranslation(String source, String target, @Nullable Reason reason) {
    assertThat(PairRules.reason(source, target)).isEqualTo(reason);
  }

  @Test
  void longSentencesAreDroppedByTheirBytes() {
    String most = "a".repeat(200);
    assertThat(PairRules.reason("b".repeat(200), most)).isNull();
    assertThat(PairRules.reason("b".repeat(201), most)).isEqualTo(Reason.LONG);
    assertThat(PairRules.reason(most, "\u00e9" + "b".repeat(199))).isEqualTo(Reason.LONG);
  }

  @Test
  void wordsLeaveOutCaseAndPunctuation() {
    assertThat(SentenceText.words("  \u00c9tat: \u00ab Pr\u00eat\u00bb... "))
        .isEqualTo(SentenceText.words("\u00e9tat pr\u00eat"))
        .isEqualTo("\u00e9tat pr\u00eat");
    assertThat(SentenceText.words("Version {0}")).isNotEqualTo(SentenceText.words("Version {1}"));
  }

  @Test
  void whiteSpaceIsOfUnicode() {
    assertThat(SentenceText.singleSpaced("\ufeff a\u00a0\u202f: \t\r\n b\u200b\u3000"))
        .isEqualTo("a : b");
    assertThat(SentenceText.strip("\u00a0 a\tb\u00a0c \u0000\n")).isEqualTo("a\tb\u00a0c");
  }
}
