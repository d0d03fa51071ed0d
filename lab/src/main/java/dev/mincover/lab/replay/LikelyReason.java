package dev.mincover.lab.replay;

import dev.mincover.cover.Cover;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Gradient;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * Why a recording may disagree: one of the ways in which other implementations of SM3 are known to
 * differ ({@code docs/explanation/other-implementations.md}). A reason is only given if a replay
 * that differs in just this way agrees within the tolerance.
 */
final class LikelyReason {

  /**
   * A known difference.
   *
   * @param fits recordings in which it can show
   * @param change of a recording, so that it is replayed in that way
   * @param words what the recording does, and what to write into its config
   */
  private record Known(Predicate<Recording> fits, UnaryOperator<Recording> change, String words) {}

  private static final List<Known> ALL =
      List.of(
          new Known(
              recording -> recording.recipe().secondMoment().beta() < 1,
              recording -> recording.with(Compatibility.KEEP_MAX),
              "the recording keeps max(old, new) accumulators under beta2, as PyTorch-SM3 and"
                  + " pytorch_optimizer do; \"compatibility\": \"keep-max\" in its config replays"
                  + " that"),
          epsilon(1e-8, "optax's default"),
          epsilon(1e-30, "that of the authors' code, PyTorch-SM3 and pytorch_optimizer"),
          new Known(
              recording -> recording.recipe().epsilon() != 0,
              changed(sm3 -> sm3.epsilon(0)),
              "the recording has no epsilon; leave it out of its config"),
          kind(Momentum.Kind.HEAVY_BALL, "heavy-ball", "adds whole updates to the momentum"),
          kind(Momentum.Kind.AVERAGE, "average", "averages updates in the momentum"),
          kind(Momentum.Kind.NESTEROV, "nesterov", "looks ahead with its momentum"),
          new Known(
              recording -> recording.recipe().algorithm() == Sm3.Algorithm.SM3_II,
              changed(sm3 -> sm3.algorithm(Sm3.Algorithm.SM3_I)),
              "the recording is of SM3-I; write \"algorithm\": \"SM3-I\" into its config"),
          new Known(
              recording ->
                  recording.steps().stream()
                      .anyMatch(step -> step.gradient() instanceof Gradient.Rows),
              changed(sm3 -> sm3.cover(Cover.axes(0))),
              "the recording has one accumulator for each row and none for columns where gradients"
                  + " are sparse, as the authors' code does; write \"cover\": \"rows\" into its"
                  + " config"));

  private LikelyReason() {}

  private static UnaryOperator<Recording> changed(UnaryOperator<Sm3> change) {
    return recording -> recording.with(change.apply(recording.recipe()));
  }

  private static Known epsilon(double epsilon, String whose) {
    return new Known(
        recording -> recording.recipe().epsilon() != epsilon,
        changed(sm3 -> sm3.epsilon(epsilon)),
        "the recording has an epsilon of %s under the root, %s; write \"epsilon\": %s into its config"
            .formatted(epsilon, whose, epsilon));
  }

  private static Known kind(Momentum.Kind kind, String name, String does) {
    return new Known(
        recording ->
            !recording.recipe().momentum().isNone() && recording.recipe().momentum().kind() != kind,
        changed(sm3 ->
            sm3.momentum(new Momentum(kind, sm3.momentum().beta(), Momentum.Format.FLOAT32))),
        "the recording %s; write \"momentumKind\": \"%s\" into its config".formatted(does, name));
  }

  /** The first known difference with which a recording agrees; empty if there is none. */
  static Optional<String> of(Recording recording, double tolerance) {
    return ALL.stream()
        .filter(known -> known.fits().test(recording))
        .filter(known -> Replay.once(known.change().apply(recording), tolerance).within())
        .map(Known::words)
        .findFirst();
  }
}
