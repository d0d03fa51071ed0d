package dev.mincover.lab.translation;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mincover.lab.common.UserError;
import dev.mincover.lab.data.Batch;
import dev.mincover.lab.model.InitialWeights;
import dev.mincover.lab.model.Model;
import dev.mincover.lab.model.TransformerBlock;
import dev.mincover.lab.model.WeightFile;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.model.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * An encoder-decoder transformer over bytes. One matrix embeds the bytes of both languages and
 * reads those of the translation out. Positions are learned, from sinusoids on. Norms come first,
 * as in GPT-2. Sentences end with a symbol of their own, and the decoder begins with another.
 */
final class Translator implements Model {

  /** Ends a sentence. */
  static final int END = 256;

  /** Comes before the first byte of a translation. */
  static final int START = 257;

  /** Fills the rows of shorter sentences. */
  static final int PADDING = 258;

  /** What can follow: a byte, or the end. */
  static final int READ_OUT = END + 1;

  /** Bytes and the symbols above. */
  static final int VOCABULARY = PADDING + 1;

  /** The share of the target that training spreads over all symbols. */
  private static final double SMOOTHING = 0.1;

  private static final long MEAN = 1;
  private static final String KIND = "translator";
  private static final String TOKENS = "wte.weight";

  private final TranslatorConfig config;
  private final WeightType type;
  private final Weights weights;
  private final Tensor tokens;
  private final Tensor sourcePositions;
  private final Tensor targetPositions;
  private final List<TransformerBlock> encoder = new ArrayList<>();
  private final List<DecoderBlock> decoder = new ArrayList<>();
  private final Weights.Norm encoded;
  private final Weights.Norm decoded;

  /**
   * Sentences as the decoder sees them: what each gives to each block.
   *
   * @param byBlock in the order of the blocks
   */
  record Sentences(List<DecoderBlock.Sentence> byBlock) {

    /** Returns rows of them; {@code rows} are their numbers, int64. */
    Sentences select(Tensor rows) {
      return new Sentences(byBlock.stream().map(sentence -> sentence.select(rows)).toList());
    }
  }

  /** Makes a model with initial weights. Equal seeds give equal bits. */
  Translator(TranslatorConfig config, long seed, WeightType type) {
    this(config, type, new Weights(initial(config, seed, type)));
  }

  private Translator(TranslatorConfig config, WeightType type, Weights weights) {
    this.config = config;
    this.type = type;
    this.weights = weights;
    tokens = weights.get(TOKENS);
    sourcePositions = weights.get("encoder.wpe.weight");
    targetPositions = weights.get("decoder.wpe.weight");
    for (int layer = 0; layer < config.layers(); layer++) {
      encoder.add(new TransformerBlock(weights, "encoder." + layer, config.heads()));
      decoder.add(new DecoderBlock(weights, "decoder." + layer, config.heads()));
    }
    encoded = weights.norm("encoder.ln_f");
    decoded = weights.norm("decoder.ln_f");
  }

  private static Map<String, Tensor> initial(TranslatorConfig config, long seed, WeightType type) {
    InitialWeights initial = new InitialWeights(seed, type);
    int width = config.width();
    double deviation = InitialWeights.DEVIATION;
    initial.gaussian(TOKENS, deviation, VOCABULARY, width);
    initial.sinusoids("encoder.wpe.weight", config.length(), width);
    for (int layer = 0; layer < config.layers(); layer++) {
      initial.block("encoder." + layer, width, deviation / Math.sqrt(2.0 * config.layers()));
    }
    initial.norm("encoder.ln_f", width);
    initial.sinusoids("decoder.wpe.weight", config.length(), width);
    for (int layer = 0; layer < config.layers(); layer++) {
      double residual = deviation / Math.sqrt(3.0 * config.layers());
      DecoderBlock.draw(initial, "decoder." + layer, width, residual);
    }
    initial.norm("decoder.ln_f", width);
    return initial.byName();
  }

  /** The model's size. */
  TranslatorConfig config() {
    return config;
  }

  @Override
  public Map<String, Tensor> parameters() {
    return weights.byName();
  }

  /**
   * Refuses a sentence that is longer than the model's context.
   *
   * @throws UserError naming it
   */
  void requireReadable(String sentence) {
    int length = sentence.getBytes(UTF_8).length;
    if (length > config.context()) {
      throw new UserError(
          "the text has %d bytes, and the model reads at most %d; give it a sentence at a time"
              .formatted(length, config.context()));
    }
  }

  /**
   * Reads sentences.
   *
   * @param sources int64, batch x length: bytes, the end, and padding
   */
  Sentences read(Tensor sources) {
    Tensor isByte = sources.ne(new Scalar(PADDING)).view(sources.size(0), 1, 1, sources.size(1));
    TensorOptional mask = new TensorOptional(isByte);
    Tensor x = embedded(sources, sourcePositions, 0);
    for (TransformerBlock block : encoder) {
      x = block.forward(x, mask, /* causal= */ false);
    }
    Tensor memory = encoded.forward(x);
    return new Sentences(decoder.stream().map(block -> block.read(memory, isByte)).toList());
  }

  /**
   * Returns the logits of what follows at the next place of each translation.
   *
   * @param last int64, batch x 1: the symbol before that place
   * @param place from 0
   * @param memories of the places before, one for each block
   * @return float32, batch x 257
   */
  Tensor next(Tensor last, int place, Sentences sentences, List<DecoderBlock.Memory> memories) {
    Tensor x = embedded(last, targetPositions, place);
    for (int i = 0; i < decoder.size(); i++) {
      x = decoder.get(i).next(x, sentences.byBlock().get(i), memories.get(i));
    }
    return readOut(x).view(last.size(0), READ_OUT);
  }

  /** Returns a memory for each block. */
  List<DecoderBlock.Memory> memories() {
    return decoder.stream().map(_ -> new DecoderBlock.Memory()).toList();
  }

  private Tensor embedded(Tensor symbols, Tensor positions, long first) {
    return Weights.wide(torch.embedding(tokens, symbols))
        .add(Weights.wide(positions.narrow(0, first, symbols.size(1))));
  }

  private Tensor readOut(Tensor x) {
    return torch.linear(decoded.forward(x), Weights.wide(tokens).narrow(0, 0, READ_OUT));
  }

  /** The loss of the translation's bytes and its end; nothing is smoothed. */
  @Override
  public Tensor loss(Tensor inputs, Tensor targets) {
    return loss(inputs, targets, 0);
  }

  /** The loss with smoothed labels [Vaswani et al. 2017, section 5.4]. */
  @Override
  public Tensor trainingLoss(Tensor inputs, Tensor targets) {
    return loss(inputs, targets, SMOOTHING);
  }

  private Tensor loss(Tensor inputs, Tensor targets, double smoothing) {
    Tensor sources = trimmed(inputs, PADDING);
    Tensor translations = trimmed(targets, Batch.IGNORED);
    Tensor start = torch.full(new long[] {inputs.size(0), 1}, new Scalar(START)).to(inputs.dtype());
    Tensor shown =
        torch.cat(new TensorVector(start, translations.narrow(1, 0, translations.size(1) - 1)), 1);
    // What is not there is seen by nothing that counts, and needs only to be a symbol.
    shown = shown.masked_fill(shown.lt(new Scalar(0)), new Scalar(PADDING));
    Sentences sentences = read(sources);
    Tensor x = embedded(shown, targetPositions, 0);
    for (int i = 0; i < decoder.size(); i++) {
      x = decoder.get(i).forward(x, sentences.byBlock().get(i));
    }
    return torch.cross_entropy_loss(
        readOut(x).reshape(-1, READ_OUT),
        translations.reshape(-1),
        new TensorOptional(),
        MEAN,
        Batch.IGNORED,
        smoothing);
  }

  /** Cuts off the columns in which every row is filling. */
  private static Tensor trimmed(Tensor rows, long filling) {
    long longest = rows.ne(new Scalar(filling)).any(0).sum().item_long();
    return rows.narrow(1, 0, longest);
  }

  @Override
  public Translator replica() {
    return new Translator(config, type, weights.replica());
  }

  @Override
  public void close() {
    weights.close();
  }

  /**
   * Writes the weights.
   *
   * @throws dev.mincover.lab.common.UserError if the file cannot be written
   */
  void save(Path file) {
    Map<String, String> size = new LinkedHashMap<>();
    size.put("layers", Integer.toString(config.layers()));
    size.put("width", Integer.toString(config.width()));
    size.put("heads", Integer.toString(config.heads()));
    size.put("context", Integer.toString(config.context()));
    WeightFile.write(file, KIND, this, type, size);
  }

  /**
   * Reads a model back.
   *
   * @throws dev.mincover.lab.common.UserError if the file is missing, damaged, or no translator
   */
  static Translator load(Path file) {
    return WeightFile.read(
        file,
        KIND,
        TOKENS,
        (size, type) -> {
          TranslatorConfig config =
              new TranslatorConfig(
                  WeightFile.number(size, "layers"),
                  WeightFile.number(size, "width"),
                  WeightFile.number(size, "heads"),
                  WeightFile.number(size, "context"));
          WeightFile.requirePlausible(file, config.parameterCount());
          return new Translator(config, 0, type.get());
        });
  }
}
