package dev.mincover.lab.memory;

import dev.mincover.checkpoint.StoredTensor;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What checkpoints of Mincover hold beside the weights, as docs/reference/checkpoints.md says. In
 * files of others, such names may be those of weights.
 */
final class CheckpointState {

  /**
   * State of one kind.
   *
   * @param prefix of the names
   * @param marks metadata, of which files with such tensors have one
   * @param why in words that follow a number of tensors
   */
  private record Known(String prefix, List<String> marks, String why) {

    boolean is(StoredTensor tensor, Map<String, String> metadata) {
      return tensor.name().startsWith(prefix) && marks.stream().anyMatch(metadata::containsKey);
    }
  }

  private static final List<Known> KNOWN =
      List.of(
          new Known(
              "optimizer/",
              List.of("mincover.format", "libtorch.optimizer"),
              "of the optimizer's state"),
          new Known("statistics/", List.of("training.statistics"), "of gradient statistics"));

  private CheckpointState() {}

  /**
   * Why a tensor is no weight, in words that follow a number of tensors; empty if it may be one.
   */
  static Optional<String> reason(StoredTensor tensor, Map<String, String> metadata) {
    for (Known known : KNOWN) {
      if (known.is(tensor, metadata)) {
        return Optional.of(known.why);
      }
    }
    return Optional.empty();
  }
}
