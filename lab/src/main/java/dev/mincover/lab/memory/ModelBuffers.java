package dev.mincover.lab.memory;

import dev.mincover.checkpoint.StoredTensor;
import dev.mincover.checkpoint.StoredType;
import dev.mincover.tensor.Shape;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * What models save beside their weights and do not train: masks, tables of positions, statistics. A
 * buffer is known by its name and its shape, since a name alone is often that of a weight as well:
 * {@code attn.bias} is GPT-2's causal mask if it has several axes, and the bias of a linear layer
 * if it has one.
 */
final class ModelBuffers {

  private static final Set<StoredType> FLOATING =
      Set.of(
          StoredType.F64,
          StoredType.F32,
          StoredType.F16,
          StoredType.BF16,
          StoredType.F8_E4M3,
          StoredType.F8_E5M2,
          StoredType.F8_E4M3FNUZ,
          StoredType.F8_E5M2FNUZ,
          StoredType.F6_E2M3,
          StoredType.F6_E3M2,
          StoredType.F4);

  private record Known(Pattern name, Predicate<Shape> shape) {
    static Known of(String lastPart, Predicate<Shape> shape) {
      return new Known(Pattern.compile("(?:.*[._])?(?:" + lastPart + ")"), shape);
    }

    boolean is(StoredTensor tensor) {
      return shape.test(tensor.shape()) && name.matcher(tensor.name()).matches();
    }
  }

  private static final List<Known> KNOWN =
      List.of(
          // Causal masks: GPT-2 and GPT-NeoX, nanoGPT, books on building a GPT, Swin's windows.
          Known.of("(?:attn|attention|self_attn|self_attention)\\.bias", ModelBuffers::isSquare),
          Known.of("masked_bias", shape -> shape.size() <= 1),
          Known.of("(?:causal_|attn_|attention_|future_)?mask|tril|triu", ModelBuffers::isSquare),
          // Rotary and other fixed positions.
          Known.of(
              "inv_freq|freqs_cis|cos_cached|sin_cached|rope_freqs", shape -> shape.rank() >= 1),
          Known.of("position_ids|token_type_ids", shape -> shape.rank() >= 1),
          Known.of("relative_position_index|relative_coords_table", shape -> shape.rank() >= 2),
          // Batch norm.
          Known.of("running_mean|running_var", shape -> shape.rank() == 1),
          Known.of("num_batches_tracked", shape -> shape.size() == 1));

  private ModelBuffers() {}

  /** At least two axes, the last two of one length: a matrix over pairs of positions. */
  private static boolean isSquare(Shape shape) {
    int rank = shape.rank();
    return rank >= 2 && shape.dimension(rank - 1) == shape.dimension(rank - 2);
  }

  /** Why a tensor is not trained, in words that follow a number of tensors; empty if it is. */
  static Optional<String> reason(StoredTensor tensor) {
    if (!FLOATING.contains(tensor.type())) {
      return Optional.of("not of floating point");
    }
    return KNOWN.stream().anyMatch(known -> known.is(tensor))
        ? Optional.of("of masks and statistics")
        : Optional.empty();
  }
}
