package dev.mincover.lab.task;

import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.run.TaskKind;
import org.jspecify.annotations.Nullable;

/**
 * The size and type of a model as the options choose it; null where an option is not given.
 *
 * @param layers of {@code --layers}
 * @param width of {@code --width}
 * @param heads of {@code --heads}
 * @param context of {@code --context}
 * @param untied whether {@code --untied} is given
 * @param weights their type
 */
public record ModelChoice(
    @Nullable Integer layers,
    @Nullable Integer width,
    @Nullable Integer heads,
    @Nullable Integer context,
    boolean untied,
    WeightType weights) {

  /**
   * Returns the size with defaults for what is not given. What the defaults lack, the task has no
   * use for.
   *
   * @throws UserError if an option is given that the task has no use for
   */
  public Summary.Model orElse(TaskKind kind, Summary.Model defaults) {
    if (untied && defaults.tied() == null) {
      throw useless(kind, "--untied");
    }
    return new Summary.Model(
        layers == null ? defaults.layers() : layers,
        width == null ? defaults.width() : width,
        orElse(kind, "--heads", heads, defaults.heads()),
        orElse(kind, "--context", context, defaults.context()),
        untied ? Boolean.FALSE : defaults.tied(),
        Names.of(weights));
  }

  private static @Nullable Integer orElse(
      TaskKind kind, String option, @Nullable Integer given, @Nullable Integer otherwise) {
    if (given != null && otherwise == null) {
      throw useless(kind, option);
    }
    return given == null ? otherwise : given;
  }

  private static UserError useless(TaskKind kind, String option) {
    return new UserError(
        "%s has no effect with --task %s; leave it out".formatted(option, Names.of(kind)));
  }
}
