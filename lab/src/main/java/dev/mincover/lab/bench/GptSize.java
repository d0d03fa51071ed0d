package dev.mincover.lab.bench;

import dev.mincover.Shape;
import dev.mincover.lab.UserError;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The tensors of a GPT of known size, without a model behind them: GPT-2's names and shapes, with
 * one matrix for embedding and read-out.
 *
 * @param name to choose it by
 * @param layers blocks
 * @param width values a token is embedded in
 * @param vocabulary different tokens
 * @param context tokens seen at once
 */
record GptSize(String name, int layers, int width, int vocabulary, int context) {

  private static final int GPT2_VOCABULARY = 50_257;

  /** GPT-2 in its four published sizes, and one of 10.3 G weights with the width of GPT-3 6.7B. */
  static final List<GptSize> KNOWN =
      List.of(
          new GptSize("gpt2", 12, 768, GPT2_VOCABULARY, 1024),
          new GptSize("gpt2-medium", 24, 1024, GPT2_VOCABULARY, 1024),
          new GptSize("gpt2-large", 36, 1280, GPT2_VOCABULARY, 1024),
          new GptSize("gpt2-xl", 48, 1600, GPT2_VOCABULARY, 1024),
          new GptSize("10b", 50, 4096, GPT2_VOCABULARY, 2048));

  /**
   * A named tensor.
   *
   * @param first how many weights of the model come before it
   */
  record Tensor(String name, Shape shape, long first) {}

  /**
   * The size of a name.
   *
   * @throws UserError naming all that are known
   */
  static GptSize named(String name) {
    return KNOWN.stream()
        .filter(size -> size.name.equals(name))
        .findFirst()
        .orElseThrow(() ->
            new UserError(
                "--model is '%s'; known are %s"
                    .formatted(
                        name,
                        KNOWN.stream().map(GptSize::name).collect(Collectors.joining(", ")))));
  }

  /** All tensors in the model's order: embeddings, each layer's, the last norm's. */
  List<List<Tensor>> layerTensors() {
    Builder builder = new Builder();
    builder.add("wte.weight", vocabulary, width);
    builder.add("wpe.weight", context, width);
    for (int i = 0; i < layers; i++) {
      builder.layer("h." + i + ".");
    }
    builder.next();
    builder.norm("ln_f");
    return builder.parts;
  }

  /** The shapes of all tensors, in the model's order. */
  List<Shape> shapes() {
    return layerTensors().stream().flatMap(List::stream).map(Tensor::shape).toList();
  }

  /** How many tensors there are. */
  int tensorCount() {
    return shapes().size();
  }

  /** How many weights there are. */
  long weightCount() {
    Tensor last = layerTensors().getLast().getLast();
    return last.first() + last.shape().size();
  }

  /** Collects tensors part by part. */
  private final class Builder {
    final List<List<Tensor>> parts = new ArrayList<>(List.of(new ArrayList<>()));
    private long weights;

    void next() {
      parts.add(new ArrayList<>());
    }

    void layer(String prefix) {
      next();
      norm(prefix + "ln_1");
      linear(prefix + "attn.c_attn", width, 3 * width);
      linear(prefix + "attn.c_proj", width, width);
      norm(prefix + "ln_2");
      linear(prefix + "mlp.c_fc", width, 4 * width);
      linear(prefix + "mlp.c_proj", 4 * width, width);
    }

    void norm(String prefix) {
      add(prefix + ".weight", width);
      add(prefix + ".bias", width);
    }

    private void linear(String prefix, int inputs, int outputs) {
      add(prefix + ".weight", inputs, outputs);
      add(prefix + ".bias", outputs);
    }

    void add(String name, long... dimensions) {
      Shape shape = Shape.of(dimensions);
      parts.getLast().add(new Tensor(name, shape, weights));
      weights += shape.size();
    }
  }
}
