package dev.mincover.lab.catalogue;

import dev.mincover.lab.common.UserError;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The size of a GPT with the names and shapes of GPT-2 (Radford et al. 2019). One matrix is both
 * the embedding and the output layer.
 *
 * @param name by which it is chosen
 * @param layers number of blocks
 * @param width size of the vector that represents a token
 * @param heads attention heads per block
 * @param vocabulary number of different tokens
 * @param context tokens seen at once
 */
public record GptSize(String name, int layers, int width, int heads, int vocabulary, int context)
    implements KnownModel {

  private static final int GPT2_VOCABULARY = 50_257;

  /** GPT-2 in its four published sizes, and one of 10.3 G weights with the width of GPT-3 6.7B. */
  public static final List<GptSize> KNOWN =
      List.of(
          new GptSize("gpt2", 12, 768, 12, GPT2_VOCABULARY, 1024),
          new GptSize("gpt2-medium", 24, 1024, 16, GPT2_VOCABULARY, 1024),
          new GptSize("gpt2-large", 36, 1280, 20, GPT2_VOCABULARY, 1024),
          new GptSize("gpt2-xl", 48, 1600, 25, GPT2_VOCABULARY, 1024),
          new GptSize("10b", 50, 4096, 32, GPT2_VOCABULARY, 2048));

  /**
   * Returns the size with a name.
   *
   * @throws UserError naming all sizes that are known
   */
  public static GptSize named(String name) {
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

  @Override
  public String description() {
    return "%d layers, width %d, vocabulary %,d, context %,d"
        .formatted(layers, width, vocabulary, context);
  }

  @Override
  public int longestContext() {
    return context;
  }

  @Override
  public List<List<TensorShape>> layerTensors() {
    TensorList tensors = new TensorList();
    tensors.add("wte.weight", vocabulary, width);
    tensors.add("wpe.weight", context, width);
    for (int i = 0; i < layers; i++) {
      String prefix = "h." + i + ".";
      tensors.next();
      tensors.norm(prefix + "ln_1", width);
      linear(tensors, prefix + "attn.c_attn", width, 3 * width);
      linear(tensors, prefix + "attn.c_proj", width, width);
      tensors.norm(prefix + "ln_2", width);
      linear(tensors, prefix + "mlp.c_fc", width, 4 * width);
      linear(tensors, prefix + "mlp.c_proj", 4 * width, width);
    }
    tensors.next();
    tensors.norm("ln_f", width);
    return tensors.parts();
  }

  /** Adds a matrix and a bias. GPT-2 stores matrices as (inputs x outputs). */
  private static void linear(TensorList tensors, String prefix, int inputs, int outputs) {
    tensors.linear(prefix, inputs, outputs, outputs);
  }

  @Override
  public Activations activations(int context, int valueBytes) {
    return new Activations.Builder(context, width, heads, valueBytes)
        .layers(layers)
        .outside(2, 1, vocabulary)
        .build();
  }
}
