package dev.mincover.lab.memory;

import dev.mincover.checkpoint.StoredTensor;
import dev.mincover.checkpoint.StoredType;
import dev.mincover.tensor.Shape;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

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

  /**
   * Buffers of one kind.
   *
   * @param names with which the names of such tensors end, after a dot or underscore if not at once
   */
  private record Known(List<String> names, Predicate<Shape> shape) {

    boolean is(StoredTensor tensor) {
      for (String name : names) {
        if (ends(tensor.name(), name)) {
          return shape.test(tensor.shape());
        }
      }
      return false;
    }

    private static boolean ends(String name, String end) {
      int before = name.length() - end.length() - 1;
      return name.endsWith(end)
          && (before < 0 || name.charAt(before) == '.' || name.charAt(before) == '_');
    }
  }

  private static final List<Known> KNOWN =
      List.of(
          // Causal masks: GPT-2 and GPT-NeoX, books on building a GPT, Swin's windows.
          new Known(
              List.of("attn.bias", "attention.bias", "self_attention.bias", "mask", "tril", "triu"),
              ModelBuffers::isSquare),
          new Known(List.of("masked_bias"), shape -> shape.size() <= 1),
          // Rotary and other fixed positions.
          new Known(
              List.of(
                  "inv_freq",
                  "freqs_cis",
                  "cos_cached",
                  "sin_cached",
                  "rope_freqs",
                  "position_ids",
                  "token_type_ids"),
              shape -> shape.rank() >= 1),
          new Known(
              List.of("relative_position_index", "relative_coords_table"),
              shape -> shape.rank() >= 2),
          // Batch norm.
          new Known(List.of("running_mean", "running_var"), shape -> shape.rank() == 1),
          new Known(List.of("num_batches_tracked"), shape -> shape.size() == 1));

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
    for (Known known : KNOWN) { // Plain loops: a model may have a million tensors.
      if (known.is(tensor)) {
        return Optional.of("of masks and statistics");
      }
    }
    return Optional.empty();
  }
}
