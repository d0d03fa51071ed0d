package dev.mincover.tensorflow;

import dev.mincover.AverageSwap;
import dev.mincover.NonFiniteException;
import dev.mincover.Optimizer;
import dev.mincover.RecipeChanges;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Recipe;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.framework.optimizers.Optimizer.GradAndVar;

/**
 * An optimizer bound to the variables of a TensorFlow-Java session: a run computes the gradients,
 * and core steps the variables where TensorFlow keeps them, without a copy.
 *
 * <pre>{@code
 * try (Session session = new Session(graph);
 *     var optimizer = SessionOptimizer.bind(Sm3.learningRate(0.1), session, loss, 2)) {
 *   for (...) {
 *     try (Result result = optimizer.step(session.runner().feed(x, images).fetch(loss))) {
 *       float value = ((TFloat32) result.get(0)).getFloat();
 *     }
 *   }
 * }
 * }</pre>
 *
 * <p>Variables are those of {@code tf.variable} ({@code VariableV2}) in float32, bfloat16 or
 * float16 on the CPU, under the names that they have in the graph. Gradients are dense, as
 * TensorFlow-Java computes them, those of {@code gather} too. A gradient that TensorFlow computes
 * in a variable's own memory [1] is copied first.
 *
 * <p>No run of the session may overlap a step, since it would see weights in the middle of it. A
 * step is refused while another thread's run is active, and a run that begins during a step waits
 * for its end. Runs of other sessions do not matter: they have variables of their own.
 *
 * <p>[1] Of the loss {@code reduceSum(mul(w, u))} the gradient of w is u itself.
 */
public final class SessionOptimizer implements AutoCloseable {

  private final Session session;
  private final SessionRuns runs;
  private final GraphVariables variables;
  private Optimizer core;

  /** The variables as last fetched; keeps their memory, whatever the session does. */
  private Result held;

  /** Where their memory is. */
  private WeightRanges ranges;

  private SessionOptimizer(Recipe recipe, Session session, GraphVariables variables, int threads) {
    this.session = session;
    this.variables = variables;
    runs = new SessionRuns(session);
    held = variables.fetch(session);
    try {
      List<Parameter> parameters = variables.parameters(held, 0);
      ranges = new WeightRanges(parameters);
      core = Optimizer.bind(recipe, parameters, threads);
    } catch (RuntimeException | Error failure) {
      held.close();
      throw failure;
    }
  }

  /**
   * Binds a recipe to all variables that a loss depends on. Adds the gradients to the graph. A
   * variable that the loss cannot be differentiated by, as behind {@code stopGradient}, is frozen:
   * its values are kept in checkpoints.
   *
   * @param session with its variables initialised; not closed with this optimizer
   * @param loss of the session's graph; a sum over its values is meant if it is no scalar
   * @param threads how many threads share a step, the caller among them; at least 1
   * @throws IllegalArgumentException if the loss is of another graph, depends on a resource
   *     variable or can be differentiated by no variable, two variables share memory, or as {@link
   *     Optimizer#bind(Recipe, Collection, int)}
   * @throws IllegalStateException if a variable is not initialised, the session is closed, or
   *     TensorFlow-Java gives no access to memory
   */
  public static SessionOptimizer bind(
      Recipe recipe, Session session, Operand<?> loss, int threads) {
    LossGradients found = LossGradients.of(session.graph(), loss);
    return bind(recipe, session, found.gradients(), found.constants(), threads);
  }

  /**
   * Binds a recipe to variables whose gradients the graph computes in its own way, for instance
   * clipped by its operators.
   *
   * @param learning gradients and variables, such as {@link #gradients} returns
   * @param frozen variables that no step changes, but checkpoints keep, such as running means
   * @throws IllegalArgumentException if one is given twice, is a resource variable or no variable,
   *     has a type other than those three, is of another graph or has no gradient, or as {@link
   *     #bind(Recipe, Session, Operand, int)}
   * @throws IllegalStateException as {@link #bind(Recipe, Session, Operand, int)}
   */
  public static SessionOptimizer bind(
      Recipe recipe,
      Session session,
      List<GradAndVar<?>> learning,
      List<? extends Operand<?>> frozen,
      int threads) {
    GraphVariables variables = new GraphVariables(session.graph(), learning, frozen);
    return new SessionOptimizer(recipe, session, variables, threads);
  }

  /**
   * Adds the gradients of a loss to the graph, by all variables that it can be differentiated by.
   *
   * @return in the order of the variables' names
   * @throws IllegalArgumentException if the loss is of another graph, depends on a resource
   *     variable or can be differentiated by no variable
   */
  public static List<GradAndVar<?>> gradients(Graph graph, Operand<?> loss) {
    return LossGradients.of(graph, loss).gradients();
  }

  /**
   * Runs the session for the gradients, and takes one step. Everything is checked before anything
   * changes, but for {@link Guard#UNCHECKED}. With {@link Guard#SKIP} it may leave all as it is.
   *
   * @param runner of this session, with its feeds, and with what else is to be fetched, such as the
   *     loss; not run yet
   * @return what the runner was to fetch, in its order, as it was before the step; after it come
   *     gradients and variables, in memory that later steps overwrite. To be closed
   * @throws IllegalArgumentException if the runner is of another session, or a variable was given
   *     another shape
   * @throws IllegalStateException if a run of another thread is active, a gradient's shape or type
   *     does not fit, the average is in the place of the weights, or this optimizer or the session
   *     is closed
   * @throws NonFiniteException as the recipe's {@link Guard} says
   */
  public Result step(Session.Runner runner) {
    return step(runner, variables.learning());
  }

  /**
   * Takes one step of some of the variables, as {@link #step(Session.Runner)}. Only their gradients
   * are computed. The others keep their weights and state.
   *
   * @param names of variables that learn
   * @throws IllegalArgumentException if no variable of a name learns
   */
  public synchronized Result step(Session.Runner runner, Collection<String> names) {
    List<String> stepped = List.copyOf(new LinkedHashSet<>(names));
    for (String name : stepped) {
      if (!variables.learns(name)) {
        throw new IllegalArgumentException(
            "no variable that learns is named '%s'; these do: %s"
                .formatted(name, variables.learning()));
      }
    }
    variables.fetch(runner, stepped);
    Result result = runner.run();
    try {
      return runs.apart(() -> {
        int first = result.size() - variables.count();
        follow(variables.parameters(result, first), true);
        stepBy(result, first - stepped.size(), stepped);
        return result;
      });
    } catch (RuntimeException | Error failure) {
      result.close();
      throw failure;
    }
  }

  private void stepBy(Result result, int from, List<String> names) {
    Map<String, Gradient> gradients = new HashMap<>();
    try (GradientMemory memory = new GradientMemory(ranges)) {
      for (int i = 0; i < names.size(); i++) {
        gradients.put(names.get(i), memory.gradient(names.get(i), result.get(from + i)));
      }
      core.step(gradients);
    }
  }

  /**
   * Hands the state over if the session has given a variable other memory.
   *
   * @param now where the variables are in a run
   * @param ofRunner whether the run may be of another session
   */
  private void follow(List<Parameter> now, boolean ofRunner) {
    if (ranges.areOf(now)) {
      return;
    }
    Result fetched = variables.fetch(session);
    try {
      List<Parameter> own = variables.parameters(fetched, 0);
      if (ofRunner && !new WeightRanges(now).areOf(own)) {
        throw new IllegalArgumentException(
            "the runner is of another session; make it by runner() of the session that was bound");
      }
      core = core.rebind(own);
      ranges = new WeightRanges(own);
      Result before = held;
      held = fetched;
      before.close();
    } catch (RuntimeException | Error failure) {
      fetched.close();
      throw failure;
    }
  }

  /** Looks where the variables are, and works on them while no run is active. */
  private <T> T apart(Supplier<T> work) {
    return runs.apart(() -> {
      try (Result now = variables.fetch(session)) {
        follow(variables.parameters(now, 0), false);
      }
      return work.get();
    });
  }

  /**
   * Puts the average of the weights in their place, for evaluation by runs of the session. Until
   * the result is closed, steps are refused; closing it, or this optimizer, brings the trained
   * weights back, bit for bit. No variable may be assigned meanwhile.
   *
   * @throws IllegalStateException if the recipe has no average, it is in place already, a run of
   *     another thread is active, or this optimizer or the session is closed
   */
  public synchronized AverageSwap swapInAverage() {
    AverageSwap swap = apart(() -> core.swapInAverage());
    return () -> {
      synchronized (SessionOptimizer.this) {
        runs.apart(() -> {
          swap.close();
          return swap;
        });
      }
    };
  }

  /**
   * Saves weights, state and recipe to a safetensors file, for {@link #load}.
   *
   * @throws IOException as {@link #save(Path, Map)}
   */
  public void save(Path file) throws IOException {
    save(file, Map.of());
  }

  /**
   * Saves weights, state and recipe to a safetensors file, under the variables' names in the graph,
   * as {@link Optimizer#save(Path, Map)} does.
   *
   * @param metadata free text by key, such as the epoch; {@link #load} returns it
   * @throws IOException if the file cannot be written; an older one is as it was
   * @throws IllegalStateException if the average is in the place of the weights, a run of another
   *     thread is active, or this optimizer or the session is closed
   */
  public synchronized void save(Path file, Map<String, String> metadata) throws IOException {
    unchecked(() -> {
      core.save(file, metadata);
      return metadata;
    });
  }

  /**
   * Overwrites weights and state with those that {@link #save} has written, as {@link #load(Path,
   * RecipeChanges)} with {@link RecipeChanges#LEARNING_RATE}.
   *
   * @throws IOException as {@link #load(Path, RecipeChanges)}
   */
  public Map<String, String> load(Path file) throws IOException {
    return load(file, RecipeChanges.LEARNING_RATE);
  }

  /**
   * Overwrites weights and state with those that {@link #save} has written; the session then trains
   * on with the same bits.
   *
   * @param changes in what this recipe may differ from the one that was saved
   * @return the metadata it was saved with
   * @throws IOException if the file cannot be read or is damaged; nothing has changed
   * @throws IllegalArgumentException if it does not fit, naming the first difference and the
   *     remedy; nothing has changed
   * @throws IllegalStateException as {@link #save}
   */
  public synchronized Map<String, String> load(Path file, RecipeChanges changes)
      throws IOException {
    return unchecked(() -> core.load(file, changes));
  }

  private interface FileWork {
    Map<String, String> run() throws IOException;
  }

  private Map<String, String> unchecked(FileWork work) throws IOException {
    try {
      return apart(() -> {
        try {
          return work.run();
        } catch (IOException failure) {
          throw new UncheckedIOException(failure);
        }
      });
    } catch (UncheckedIOException failure) {
      throw failure.getCause();
    }
  }

  /**
   * The optimizer of core underneath, for its counters and accumulators; step and swap with this
   * object. Another one takes its place when TensorFlow has given a variable other memory.
   */
  public synchronized Optimizer core() {
    return core;
  }

  /** Frees the optimizer's state. The session keeps its variables, with the trained weights. */
  @Override
  public synchronized void close() {
    core.close();
    held.close();
  }
}
