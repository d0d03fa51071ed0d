package dev.mincover.tensorflow;

import static java.util.Objects.requireNonNull;

import dev.mincover.Optimizer;
import dev.mincover.recipe.Sm3;
import dev.mincover.testkit.Sm3Contract;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Session;
import org.tensorflow.framework.optimizers.Optimizer.GradAndVar;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.Variable;
import org.tensorflow.types.TFloat32;

/** The contract over the variables of a session, whose gradients are what it is fed. */
class TensorFlowContractTest extends Sm3Contract {

  @Override
  protected Training bind(Sm3 recipe, Map<String, Initial> parameters, int threads) {
    return new SessionTraining(recipe, parameters, threads);
  }

  private static final class SessionTraining implements Training {
    private final Graph graph = new Graph();
    private final Session session;
    private final SessionOptimizer optimizer;

    private final Map<String, Variable<TFloat32>> variables = new HashMap<>();

    private final Map<String, Placeholder<TFloat32>> gradients = new HashMap<>();
    private final Map<String, long[]> shapes = new HashMap<>();

    SessionTraining(Sm3 recipe, Map<String, Initial> initials, int threads) {
      Ops tf = Ops.create(graph);
      List<GradAndVar<?>> learning = new ArrayList<>();
      List<Operand<?>> frozen = new ArrayList<>();
      initials.forEach((name, initial) -> {
        long[] shape = initial.shape.dimensions();
        shapes.put(name, shape);
        Variable<TFloat32> variable = Graphs.variable(tf, name, initial.values, shape);
        variables.put(name, variable);
        if (initial.frozen) {
          frozen.add(variable);
        } else {
          Placeholder<TFloat32> gradient = tf.placeholder(TFloat32.class);
          gradients.put(name, gradient);
          learning.add(Graphs.pair(gradient, variable));
        }
      });
      session = new Session(graph);
      optimizer = SessionOptimizer.bind(recipe, session, learning, frozen, threads);
    }

    @Override
    public void step(Map<String, float[]> given) {
      Session.Runner runner = session.runner();
      List<String> names = new ArrayList<>();
      List<TFloat32> fed = new ArrayList<>();
      given.forEach((name, values) -> {
        TFloat32 tensor = Graphs.tensor(values, requireNonNull(shapes.get(name)));
        runner.feed(requireNonNull(gradients.get(name)), tensor);
        fed.add(tensor);
        names.add(name);
      });
      optimizer.step(runner, names).close();
      fed.forEach(TFloat32::close);
    }

    @Override
    public float[] weights(String name) {
      return Graphs.fetch(session, requireNonNull(variables.get(name)));
    }

    @Override
    public Optimizer optimizer() {
      return optimizer.core();
    }

    @Override
    public void close() {
      optimizer.close();
      session.close();
      graph.close();
    }
  }
}
