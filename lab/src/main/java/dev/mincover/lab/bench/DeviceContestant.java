package dev.mincover.lab.bench;

import static dev.mincover.tensor.DataType.BFLOAT16;
import static dev.mincover.tensor.DataType.FLOAT32;

import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.DataType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@code mincover bench --device} times.
 *
 * @param name on the command line and in reports
 * @param type of the weights and gradients it steps
 * @param minimalBytes bytes that it must move per weight
 * @param recipe null for a plain pass
 */
public record DeviceContestant(
    String name, DataType type, int minimalBytes, @Nullable Recipe recipe) {

  /** The copy, with whose bandwidth all others are compared. */
  static final String COPY = "copy";

  /** The learning rate; constant gradients hardly move a weight with it. */
  static final double ETA = 1e-6;

  /** All of them, in the order of reports. */
  public static final List<DeviceContestant> ALL = all();

  private static List<DeviceContestant> all() {
    Sm3 guarded = Sm3.learningRate(ETA);
    Sm3 sm3 = guarded.guard(Guard.UNCHECKED);
    Momentum momentum = Momentum.average(0.9);
    return List.of(
        new DeviceContestant(COPY, FLOAT32, 8, null),
        new DeviceContestant(Contestant.SGD_PASS, FLOAT32, 12, null),
        new DeviceContestant(Contestant.SM3, FLOAT32, 12, sm3),
        new DeviceContestant(Contestant.SM3_GUARDED, FLOAT32, 16, guarded),
        new DeviceContestant("sm3-momentum", FLOAT32, 20, sm3.momentum(momentum)),
        new DeviceContestant(
            "sm3-momentum-bf16",
            FLOAT32,
            16,
            sm3.momentum(momentum.stored(Momentum.Format.BFLOAT16))),
        new DeviceContestant("sm3-bf16", BFLOAT16, 6, sm3),
        new DeviceContestant("adagrad", FLOAT32, 20, Sm3.adaGrad(ETA).guard(Guard.UNCHECKED)),
        new DeviceContestant("adam", FLOAT32, 28, Adam.learningRate(ETA).guard(Guard.UNCHECKED)));
  }
}
