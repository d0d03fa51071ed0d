package dev.mincover.tensorflow;

import dev.mincover.recipe.Sm3;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Session;
import org.tensorflow.framework.optimizers.Optimizer;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.Variable;
import org.tensorflow.types.TFloat64;
import org.tensorflow.types.family.TType;

/**
 * SM3 from graph operators, for {@code minimize}: all of a step happens in the run, and the state
 * is in variables of the graph under the names that the authors' TensorFlow code gives them.
 *
 * <pre>{@code
 * Sm3Optimizer sm3 = new Sm3Optimizer(graph, Sm3.learningRate(0.1).momentum(Momentum.average(0.9)));
 * Op train = sm3.minimize(loss);
 * try (Session session = new Session(graph)) {
 *   for (long step = 1; step <= steps; step++) {
 *     try (TFloat64 rate = sm3.rate(step)) {
 *       session.runner().feed(sm3.rate(), rate).feed(x, images).addTarget(train).run();
 *     }
 *   }
 * }
 * }</pre>
 *
 * <p>The rule is core's ({@link Sm3}), and so is the order of its operations: weights and state
 * have the bits that {@link SessionOptimizer} gives them, but where a value is subnormal (below
 * about 1.2e-38), which TensorFlow takes for 0. All gradients are computed, checked and turned into
 * directions before the first variable changes. Variables are float32.
 *
 * <p>The recipe's guard refuses a gradient whose square is not finite by an exception of the run,
 * before anything has changed; {@code UNCHECKED} leaves the check out. What operators do not do is
 * refused when this object is made: {@link SessionOptimizer} does it.
 */
public final class Sm3Optimizer extends Optimizer {

  private final Sm3 recipe;
  private final String name;
  private final Placeholder<TFloat64> rate;
  private final Map<String, Sm3Variable> learning = new LinkedHashMap<>();
  private final VariableFiles files;

  /**
   * An optimizer under the name "SM3", which the authors' code gives its own by default.
   *
   * @throws IllegalArgumentException as {@link #Sm3Optimizer(Graph, Sm3, String)}
   */
  public Sm3Optimizer(Graph graph, Sm3 recipe) {
    this(graph, recipe, "SM3");
  }

  /**
   * An optimizer of one graph.
   *
   * @param name of the optimizer; the state of the variable w is named w/name, w/name_1 and so on
   * @throws IllegalArgumentException if the recipe has what operators do not do: a cover by sets,
   *     momentum in 16 or 8 bits, clipping by global norm, the guard SKIP, stochastic rounding, or
   *     an average of the weights
   */
  public Sm3Optimizer(Graph graph, Sm3 recipe, String name) {
    super(graph, name);
    this.recipe = Sm3Operators.requireSupported(recipe);
    this.name = name;
    files = new VariableFiles(graph);
    rate = tf.withSubScope(name).withName("learning_rate").placeholder(TFloat64.class);
  }

  /** The scalar that every run of the training operator must be fed: {@link #rate(long)}. */
  public Placeholder<TFloat64> rate() {
    return rate;
  }

  /**
   * The recipe's learning rate of a step, to feed {@link #rate()} with; to be closed after the run.
   *
   * @param step from 1; a training that was restored goes on counting
   * @throws IllegalStateException if the schedule gives a rate that is negative or not finite
   */
  public TFloat64 rate(long step) {
    double eta = recipe.learningRate().at(step);
    if (!(eta >= 0) || Float.isInfinite((float) eta)) {
      throw new IllegalStateException(
          "the schedule gives a learning rate of %s at step %d; it must be finite and at least 0"
              .formatted(eta, step));
    }
    return TFloat64.scalarOf(eta);
  }

  /**
   * The gradients of a loss, by all variables that it can be differentiated by. Other variables of
   * the graph are none of its business, such as a step counter or another optimizer's state.
   *
   * @throws IllegalArgumentException if the loss is of another graph, depends on a resource
   *     variable or can be differentiated by no variable
   */
  @Override
  public <T extends TType> List<GradAndVar<?>> computeGradients(Operand<?> loss) {
    return LossGradients.of(graph, loss).gradients();
  }

  /**
   * Makes the state.
   *
   * @throws IllegalArgumentException if a variable is not float32 or of unknown shape, its cover
   *     does not fit, or a choice by name fits no variable
   * @throws IllegalStateException if this optimizer has been applied already, or the graph has
   *     operators of the names that the state would get
   */
  @Override
  protected void createSlots(List<Output<? extends TType>> variables) {
    if (!learning.isEmpty()) {
      throw new IllegalStateException(
          "this optimizer is in use for %s; make another one with a name of its own"
              .formatted(learning.keySet()));
    }
    recipe.requireMatches(variables.stream().map(each -> each.op().name()).toList());
    Map<String, Sm3State> states = new LinkedHashMap<>();
    for (Output<?> variable : variables) {
      states.put(variable.op().name(), Sm3State.plan(graph, recipe, variable, name));
    }
    states.forEach((each, state) -> {
      state.create(tf);
      learning.put(each, new Sm3Variable(recipe, state));
    });
  }

  /** Computes a direction; {@link #finish} follows it. */
  @Override
  protected <T extends TType> Op applyDense(Ops deps, Output<T> gradient, Output<T> variable) {
    return variable(variable).compute(deps, Sm3Operators.floats(gradient));
  }

  /** Updates weights and state once all directions are there. */
  @Override
  protected Op finish(List<Op> computed, String name) {
    Ops after = tf.withControlDependencies(computed);
    List<Op> updates = new ArrayList<>();
    learning.values().forEach(variable -> updates.addAll(variable.update(after, rate)));
    return super.finish(updates, name);
  }

  private Sm3Variable variable(Output<?> variable) {
    Sm3Variable found = learning.get(variable.op().name());
    if (found == null) {
      throw new IllegalStateException(
          "variable '%s' is none of this optimizer's: %s"
              .formatted(variable.op().name(), learning.keySet()));
    }
    return found;
  }

  /**
   * The state of a variable by the authors' names: "momentum", and "accumulator" below rank 2 or
   * "accumulator_0", "accumulator_1" and so on by axis. A cover by singletons or by the whole has
   * "accumulator".
   */
  @Override
  @SuppressWarnings("unchecked") // All state is float32, as all variables are.
  public <T extends TType> Optional<Variable<T>> getSlot(Output<T> variable, String slotName) {
    Sm3Variable found = learning.get(variable.op().name());
    return found == null
        ? Optional.empty()
        : Optional.ofNullable((Variable<T>) found.state().slots().get(slotName));
  }

  /** The name given. */
  @Override
  public String getOptimizerName() {
    return name;
  }

  /** Bytes of the variables that keep the state; 0 before {@code minimize}. */
  public long stateBytes() {
    return learning.values().stream().mapToLong(each -> each.state().bytes()).sum();
  }

  /**
   * Saves all variables of the graph, the state among them, as TensorFlow's savers do: into files
   * that start with the prefix, which {@link #restore}, {@code Session.restore} and Python's {@code
   * tf.compat.v1.train.Saver} read. Operators are not added to the graph. {@code Session.save}, by
   * contrast, keeps only variables that were there at the graph's first save or restore.
   *
   * @param session of this graph
   * @param prefix of the files' names, such as folder/model
   * @throws IllegalStateException if a variable is not initialised, or before {@code minimize}
   * @throws IOException if the files cannot be written
   */
  public void save(Session session, Path prefix) throws IOException {
    requireMinimized();
    files.save(session, prefix);
  }

  /**
   * Overwrites all variables of the graph with those of a checkpoint, whose other contents do not
   * matter. It may have been written by {@link #save}, or by the authors' optimizer in Python with
   * the same names of variables and momentum in use or not.
   *
   * @param session of this graph
   * @param prefix as for {@link #save}
   * @throws IOException if there is no such checkpoint, or it cannot be read; nothing has changed
   * @throws IllegalArgumentException if a variable is not in it, has another shape or type there,
   *     or it was written with momentum and this recipe has none; nothing has changed
   * @throws IllegalStateException before {@code minimize}
   */
  public void restore(Session session, Path prefix) throws IOException {
    requireMinimized();
    files.restore(session, prefix, learning.values().iterator().next().state().nextName());
  }

  private void requireMinimized() {
    if (learning.isEmpty()) {
      throw new IllegalStateException("this optimizer has no state yet; call minimize first");
    }
  }
}
