package dev.mincover.lab.translation;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.lab.common.UserError;
import dev.mincover.lab.data.Batch;
import dev.mincover.lab.model.WeightType;
import dev.mincover.recipe.Adam;
import dev.mincover.torch.TorchOptimizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TranslatorTest {

  private static final TranslatorConfig CONFIG = new TranslatorConfig(2, 16, 2, 12);

  private static final List<Pair> PAIRS =
      List.of(
          pair("one", "un"),
          pair("a house", "une maison"),
          pair("two", "deux"),
          pair("the cat", "le chat"),
          pair("no", "non"));

  private static Pair pair(String source, String target) {
    return new Pair(source, target, "test");
  }

  private static Batch batch(List<Pair> pairs) {
    Batch batch = new Batch(pairs.size(), CONFIG.length(), CONFIG.length());
    SentencePairs all = SentencePairs.of(pairs, CONFIG.context());
    for (int i = 0; i < pairs.size(); i++) {
      all.fillRow(batch, i, i);
    }
    return batch;
  }

  private static Tensor loss(Translator model, Batch batch) {
    return model.loss(
        Tensor.create(batch.inputs(), batch.size(), CONFIG.length()),
        Tensor.create(batch.targets(), batch.size(), CONFIG.length()));
  }

  private static float lossOf(Translator model, List<Pair> pairs) {
    try (var _ = new PointerScope();
        var _ = new NoGradGuard()) {
      return loss(model, batch(pairs)).item_float();
    }
  }

  @ParameterizedTest
  @EnumSource(WeightType.class)
  void theNumberOfWeightsIsKnownBefore(WeightType type) {
    try (Translator model = new Translator(CONFIG, 1, type)) {
      assertThat(CONFIG.parameterCount()).isEqualTo(model.parameterCount());
      assertThat(lossOf(model, PAIRS)).isFinite();
    }
  }

  /** What fills a row up, of longer rows beside it, changes nothing. */
  @Test
  void paddingChangesNoLoss() {
    try (Translator model = new Translator(CONFIG, 1, WeightType.FLOAT32)) {
      double sum = 0;
      int symbols = 0;
      for (Pair pair : PAIRS) {
        int count = pair.target().length() + 1;
        sum += (double) lossOf(model, List.of(pair)) * count;
        symbols += count;
      }
      assertThat(lossOf(model, PAIRS)).isCloseTo((float) (sum / symbols), within(1e-5f));
    }
  }

  /** The decoder that goes on by a place, with memory, is the one that is trained. */
  @Test
  void placeByPlaceIsAllAtOnce() {
    try (Translator model = new Translator(CONFIG, 3, WeightType.FLOAT32);
        var _ = new PointerScope();
        var _ = new NoGradGuard()) {
      Pair pair = PAIRS.get(1);
      Batch batch = batch(List.of(pair));
      int length = pair.source().length() + 1;
      Translator.Sentences read =
          model.read(Tensor.create(Arrays.copyOf(batch.inputs(), length), 1, length));
      List<DecoderBlock.Memory> memories = model.memories();
      double sum = 0;
      long last = Translator.START;
      int count = pair.target().length() + 1;
      for (int place = 0; place < count; place++) {
        float[] values = new float[Translator.READ_OUT];
        model
            .next(Tensor.create(new long[] {last}, 1, 1), place, read, memories)
            .log_softmax(1)
            .contiguous()
            .data_ptr_float()
            .get(values);
        last = batch.targets()[place];
        sum -= values[(int) last];
      }
      memories.forEach(DecoderBlock.Memory::close);
      assertThat(lossOf(model, List.of(pair))).isCloseTo((float) (sum / count), within(1e-5f));
    }
  }

  @Test
  void whatComesLaterIsNotSeen() {
    try (Translator model = new Translator(CONFIG, 3, WeightType.FLOAT32)) {
      // Of two translations that differ at their last byte alone, all before it is equally likely.
      Batch one = batch(List.of(pair("x", "abc")));
      Batch other = batch(List.of(pair("x", "abd")));
      for (Batch batch : List.of(one, other)) {
        Arrays.fill(batch.targets(), 2, 4, Batch.IGNORED);
      }
      one.targets()[2] = Batch.IGNORED;
      try (var _ = new PointerScope();
          var _ = new NoGradGuard()) {
        assertThat(loss(model, one).item_float()).isEqualTo(loss(model, other).item_float());
      }
    }
  }

  /** Trained on five pairs until it knows them, it says them again, and after a save and a load. */
  @Test
  void whatItHasLearnedItTranslates(@TempDir Path folder) {
    TranslatorConfig config = new TranslatorConfig(1, 32, 2, 12);
    Path file = folder.resolve("model.safetensors");
    List<String> sources = PAIRS.stream().map(Pair::source).toList();
    List<String> targets = PAIRS.stream().map(Pair::target).toList();
    try (Translator model = new Translator(config, 1, WeightType.FLOAT32);
        TorchOptimizer optimizer =
            TorchOptimizer.bind(Adam.learningRate(0.01), model.parameters(), 1)) {
      Batch batch = batch(PAIRS);
      for (int step = 0; step < 300; step++) {
        try (var _ = new PointerScope()) {
          model
              .trainingLoss(
                  Tensor.create(batch.inputs(), batch.size(), config.length()),
                  Tensor.create(batch.targets(), batch.size(), config.length()))
              .backward();
          optimizer.step();
          optimizer.zeroGradients();
        }
      }
      for (int beams : new int[] {1, 4}) {
        assertThat(Translations.of(model, beams, sources, 2)).isEqualTo(targets);
      }
      model.save(file);
    }
    assertThat(Translations.of(file, 4, sources)).isEqualTo(targets);
    assertThatThrownBy(() -> Translations.of(file, 4, List.of("longer than twelve")))
        .isInstanceOf(UserError.class)
        .hasMessage(
            "the text has 18 bytes, and the model reads at most 12; give it a sentence at a time");
  }

  /** A wider search finds nothing less likely, by the measure that it searches by. */
  @Test
  void translationsEndWithinTheContext() {
    try (Translator model = new Translator(CONFIG, 9, WeightType.FLOAT32)) {
      for (int beams : new int[] {1, 3}) {
        List<String> found = Translations.of(model, beams, List.of("", "abc", "abcdefghijkl"), 1);
        assertThat(found).hasSize(3);
        assertThat(found)
            .allMatch(text -> text.codePointCount(0, text.length()) <= CONFIG.context());
        assertThat(Translations.of(model, beams, List.of("", "abc", "abcdefghijkl"), 3))
            .isEqualTo(found);
      }
    }
  }

  @Test
  void longPairsAreLeftOut() {
    SentencePairs pairs =
        SentencePairs.of(
            List.of(pair("é".repeat(6), "x"), pair("é".repeat(7), "x"), pair("a", "b")), 12);
    assertThat("é".repeat(6).getBytes(UTF_8)).hasSize(12);
    assertThat(pairs.count()).isEqualTo(2);
    assertThat(pairs.length(0)).isEqualTo(13 + 2);
  }

  @Test
  void batchesHaveEachPairOnceInAPassAndSimilarLengths() {
    List<Pair> many = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      many.add(pair("x".repeat(i % 12), "y".repeat(i % 12)));
    }
    SentencePairs pairs = SentencePairs.of(many, 12);
    PairBatches batches = new PairBatches(pairs, 1);
    Batch batch = new Batch(4, 13, 13);
    long tokens = 0;
    for (int i = 0; i < 16; i++) {
      tokens += batches.fill(batch);
      int shortest = 13;
      int longest = 0;
      for (int row = 0; row < 4; row++) {
        int length = batch.countedTargets(row, row + 1);
        shortest = Math.min(shortest, length);
        longest = Math.max(longest, length);
      }
      assertThat(longest - shortest).isLessThanOrEqualTo(1);
    }
    assertThat(tokens)
        .isEqualTo(many.stream().mapToLong(pair -> 2L * pair.source().length() + 2).sum());
    Batch other = new Batch(4, 13, 13);
    PairBatches resumed = new PairBatches(pairs, 1);
    assertThat(resumed.skip(16, other)).isEqualTo(tokens);
    batches.fill(batch);
    resumed.fill(other);
    assertThat(other.inputs()).isEqualTo(batch.inputs());
  }
}
