package dev.mincover.lab.optimizer;

import dev.mincover.cover.Cover;
import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.model.Gpt;
import dev.mincover.recipe.ByName;
import dev.mincover.recipe.ByName.Rule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.json.JsonMapper;

/** Reads and writes covers by the names that {@code --cover} uses. */
public final class CoverNames {

  private static final String OPTION = "--cover";
  private static final String AXES = "axes:";
  static final String SETS = "sets:";

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .build();

  private CoverNames() {}

  /**
   * Returns the covers of a model's parameters. A cover by axes that is given for all parameters
   * applies to matrices only: a vector has one axis, and keeps its slices.
   *
   * @param covers the cover of all parameters, then rules of the form PATTERN=COVER
   */
  static ByName<Cover> of(List<String> covers) {
    Cover all = parse(covers.getFirst());
    if (all instanceof Cover.Sets) {
      throw new UserError(
          "%s %s is for a parameter of its own size; name it, such as ln_f.bias=%s"
              .formatted(OPTION, covers.getFirst(), covers.getFirst()));
    }
    ByName<Cover> byName = ByName.always(all);
    if (all instanceof Cover.Axes) {
      for (String vectors : Gpt.VECTORS) {
        byName = byName.with(vectors, Cover.slices());
      }
    }
    for (String text : covers.subList(1, covers.size())) {
      Rule<String> rule = NamePatterns.rule(OPTION, text, "wte.weight=rows");
      byName = byName.with(rule.pattern(), parse(rule.value()));
    }
    return byName;
  }

  /** Returns the name of a cover, or the number of sets for sets from a file. */
  public static String name(Cover cover) {
    return switch (cover) {
      case Cover.Slices _ -> OptimizerSettings.SLICES;
      case Cover.Singletons _ -> "singletons";
      case Cover.Whole _ -> "whole";
      case Cover.Axes axes when axes.axes().equals(List.of(0)) -> "rows";
      case Cover.Axes axes when axes.axes().equals(List.of(1)) -> "columns";
      case Cover.Axes axes ->
          AXES + axes.axes().stream().map(String::valueOf).collect(Collectors.joining(","));
      case Cover.Sets sets -> sets.count() + " sets";
    };
  }

  private static Cover parse(String text) {
    return switch (text) {
      case OptimizerSettings.SLICES -> Cover.slices();
      case "singletons" -> Cover.singletons();
      case "whole" -> Cover.whole();
      case "rows" -> Cover.axes(0);
      case "columns" -> Cover.axes(1);
      default -> {
        if (text.startsWith(SETS) && text.length() > SETS.length()) {
          yield sets(Path.of(text.substring(SETS.length())));
        }
        if (!text.matches(AXES + "\\d{1,4}(,\\d{1,4})*")) {
          throw new UserError(
              "%s is '%s'; it must be slices, singletons, whole, rows, columns or such as axes:0,1 or sets:FILE"
                  .formatted(OPTION, text));
        }
        String[] axes = text.substring(AXES.length()).split(",", -1);
        yield OptionChecks.valid(
            OPTION, () -> Cover.axes(Arrays.stream(axes).mapToInt(Integer::parseInt).toArray()));
      }
    };
  }

  /** Reads a JSON array of sets, each an array of row-major indices. */
  private static Cover sets(Path file) {
    try {
      long[][] sets = JSON.readValue(Files.readAllBytes(file), long[][].class);
      if (sets != null && Stream.of(sets).noneMatch(Objects::isNull)) {
        return Cover.sets(sets);
      }
    } catch (IOException e) {
      throw new UserError("%s: cannot read %s".formatted(OPTION, file), e);
    } catch (JacksonException e) {
      // Refused below, with a message that names the option.
    }
    throw new UserError(
        "%s: %s is not a JSON array of arrays of indices, such as [[0, 1], [1, 2]]"
            .formatted(OPTION, file));
  }
}
