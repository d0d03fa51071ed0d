package dev.mincover.lab.catalogue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.mincover.tensor.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class CatalogueTest {

  private static KnownModel named(String name) {
    return Catalogue.find(name).orElseThrow();
  }

  /** As published, but for 10b, which is ours, and transformer-big, of which see below. */
  @ParameterizedTest
  @CsvSource({
    "gpt2, 124439808, 148",
    "gpt2-medium, 354823168, 292",
    "gpt2-large, 774030080, 436",
    "gpt2-xl, 1557611200, 580",
    "10b, 10283241472, 604",
    "bert-base, 109482240, 199",
    "bert-large, 335141888, 391",
    "transformer-big, 214171648, 181"
  })
  void hasTheWeightsOfTheModel(String name, long weights, int tensors) {
    KnownModel model = named(name);
    assertThat(model.weightCount()).isEqualTo(weights);
    assertThat(model.shapes().stream().mapToLong(Shape::size).sum()).isEqualTo(weights);
    assertThat(model.tensorCount()).isEqualTo(tensors);
  }

  /** Table 3 says 213 million, with "about 37,000" tokens. */
  @Test
  void transformerBigIsNearTheRoundedCountOfItsPaper() {
    assertThat(named("transformer-big").weightCount()).isCloseTo(213_000_000, withinPercentage(1));
  }

  static List<KnownModel> all() {
    return Catalogue.ALL;
  }

  @ParameterizedTest
  @MethodSource("all")
  void tensorsHaveNamesOfTheirOwnAndFollowEachOther(KnownModel model) {
    assertThat(model.tensors()).extracting(TensorShape::name).doesNotHaveDuplicates();
    long first = 0;
    for (TensorShape tensor : model.tensors()) {
      assertThat(tensor.first()).isEqualTo(first);
      first += tensor.shape().size();
    }
    assertThat(named(model.name())).isSameAs(model);
    assertThat(model.context()).isBetween(1, model.longestContext());
  }

  @Test
  void bertHasTheNamesOfItsPublishedFiles() {
    assertThat(named("bert-base").tensors())
        .contains(new TensorShape("embeddings.word_embeddings.weight", Shape.of(30_522, 768), 0))
        .extracting(tensor -> tensor.name() + " " + tensor.shape())
        .contains(
            "embeddings.token_type_embeddings.weight [2, 768]",
            "encoder.layer.11.attention.self.query.weight [768, 768]",
            "encoder.layer.11.attention.output.LayerNorm.bias [768]",
            "encoder.layer.11.intermediate.dense.weight [3072, 768]",
            "encoder.layer.11.output.dense.weight [768, 3072]",
            "pooler.dense.bias [768]");
  }

  @Test
  void anUnknownNameIsNotFound() {
    assertThat(Catalogue.find("gpt5")).isEmpty();
    assertThat(Catalogue.names()).doesNotHaveDuplicates().contains("gpt2", "bert-large");
  }

  /** The paper's own formula, and what it says of GPT-2 small by hand. */
  @Test
  void activationsOf16BitsAreThoseOfKorthikantiEtAl() {
    long s = 1024;
    long h = 768;
    long layer = s * h * 34 + 5 * 12 * s * s;
    Activations activations = named("gpt2").activations(1024, 2);
    assertThat(activations.bytes()).isEqualTo(12 * layer + s * (5 * h + 4 * 50_257));
    assertThat(activations.formula())
        .containsExactly(
            "12 layers of tokens x (34 width + 5 heads x tokens)",
            "tokens x (5 width + 4 vocabulary) outside them");
  }

  /** All but the masks of a byte, of which a layer has 2 width + heads x tokens, is doubled. */
  @Test
  void float32DoublesActivationsButForMasks() {
    for (KnownModel model : List.of(named("gpt2-xl"), named("bert-large"))) {
      for (int tokens : new int[] {1, 100, model.context()}) {
        long layers = model.name().equals("gpt2-xl") ? 48 : 24;
        long width = model.name().equals("gpt2-xl") ? 1600 : 1024;
        long vocabulary = model.name().equals("gpt2-xl") ? 50_257 : 0;
        long masks = layers * tokens * (2 * width + (long) model.heads() * tokens) + tokens * width;
        long logits = 4L * tokens * vocabulary;
        long half = model.activations(tokens, 2).bytes();
        long whole = model.activations(tokens, 4).bytes();
        assertThat(whole - masks - logits).isEqualTo(2 * (half - masks - logits));
      }
    }
  }

  @Test
  void aDecoderKeepsASecondAttention() {
    assertThat(named("transformer-big").activations(10, 2).bytes())
        .isEqualTo(
            6L * 10 * (34 * 1024 + 5 * 16 * 10)
                + 6 * 10 * (47 * 1024 + 10 * 16 * 10)
                + 10 * (6 * 1024 + 4 * 37_000));
  }
}
