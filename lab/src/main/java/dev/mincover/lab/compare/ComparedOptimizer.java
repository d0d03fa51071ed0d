package dev.mincover.lab.compare;

import static java.util.Objects.requireNonNull;

import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.optimizer.OptimizerKind;
import dev.mincover.lab.optimizer.OptimizerSettings;
import dev.mincover.lab.option.OptimizerOptions;
import dev.mincover.lab.task.TaskType;
import dev.mincover.recipe.ByName;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/**
 * An optimizer that can be compared: a name for certain arguments of {@code mincover train}.
 *
 * @param name on the command line, in tables and of directories
 * @param byDefault whether it is compared if no names are given
 * @param arguments of {@code train} that choose it, without the learning rate
 * @param learningRate null for the default of {@code train}
 * @param warmup share of the steps over which the rate rises; null for the default of {@code train}
 * @param task whose defaults those are
 */
public record ComparedOptimizer(
    String name,
    boolean byDefault,
    List<String> arguments,
    @Nullable Double learningRate,
    @Nullable Double warmup,
    TaskType task) {

  /**
   * All optimizers, in the order of tables. Learning rates and warm-ups are the tuned defaults of
   * {@code train}, in {@link TaskType#tuning}. Adafactor is the exception: the default of {@code
   * train} are steps relative to the weights, as in its paper, which is worse than a tuned rate.
   */
  public static List<ComparedOptimizer> all(TaskType task) {
    TaskType.Tuning adafactor = task.tuning(OptimizerKind.ADAFACTOR);
    return List.of(
        of(task, "sm3", true, "--optimizer sm3"),
        of(task, "sm3-bf16", false, "--optimizer sm3 --momentum-format bfloat16"),
        of(task, "sm3-int8", false, "--optimizer sm3 --momentum-format int8"),
        of(task, "sm3-none", false, "--optimizer sm3 --momentum 0"),
        of(task, "adam", true, "--optimizer torch-fused-adam"),
        of(task, "adagrad", true, "--optimizer torch-fused-adagrad"),
        of(task, "adafactor", true, "--optimizer adafactor").at(adafactor.learningRate(), null),
        of(task, "sgd", true, "--optimizer torch-fused-sgd"));
  }

  /** Copies the arguments. */
  public ComparedOptimizer {
    arguments = List.copyOf(arguments);
  }

  private static ComparedOptimizer of(
      TaskType task, String name, boolean byDefault, String arguments) {
    return new ComparedOptimizer(name, byDefault, List.of(arguments.split(" ")), null, null, task);
  }

  /**
   * The optimizers that match, each once, in the order of {@link #all}.
   *
   * @param patterns names in which * stands for any characters; null for those compared by default
   * @throws UserError if a pattern matches no optimizer
   */
  public static List<ComparedOptimizer> named(@Nullable List<String> patterns, TaskType task) {
    List<ComparedOptimizer> everything = all(task);
    if (patterns == null) {
      return everything.stream().filter(ComparedOptimizer::byDefault).toList();
    }
    Set<String> names = new LinkedHashSet<>();
    for (String pattern : patterns) {
      ByName.Rule<String> rule = new ByName.Rule<>(pattern, "");
      List<String> all = everything.stream().map(ComparedOptimizer::name).toList();
      List<String> found = all.stream().filter(rule::matches).toList();
      if (found.isEmpty()) {
        throw new UserError(
            "--optimizers: no optimizer is called '%s'; there are %s (* stands for any characters)"
                .formatted(pattern, Names.listed(all, "and")));
      }
      names.addAll(found);
    }
    return everything.stream().filter(optimizer -> names.contains(optimizer.name())).toList();
  }

  /**
   * Returns the same optimizer with another learning rate and warm-up.
   *
   * @param warmup share of the steps; null for the default of {@code train}
   */
  public ComparedOptimizer at(double learningRate, @Nullable Double warmup) {
    return new ComparedOptimizer(name, byDefault, arguments, learningRate, warmup, task);
  }

  /** Returns the arguments of {@code train} for it. */
  public List<String> trainArguments() {
    List<String> all = new ArrayList<>(arguments);
    if (learningRate != null) {
      all.addAll(List.of("--learning-rate", learningRate.toString()));
    }
    if (warmup != null) {
      all.addAll(List.of("--warmup", warmup.toString()));
    }
    return all;
  }

  /**
   * Returns every choice about the optimizer.
   *
   * @throws UserError if it cannot step weights of that type
   */
  public OptimizerSettings settings(WeightType weights) {
    String[] all = trainArguments().toArray(String[]::new);
    return CommandLine.populateCommand(new OptimizerOptions(), all).settings(weights, task);
  }

  /**
   * Returns learning rates to try, from the lowest to the highest, each twice the one before, with
   * the default in the middle.
   *
   * @param count number of rates
   */
  public List<Double> rates(int count) {
    double middle = requireNonNull(settings(WeightType.FLOAT32).rate().learningRate());
    List<Double> rates = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      rates.add(middle * Math.pow(2, i - count / 2));
    }
    return rates;
  }
}
