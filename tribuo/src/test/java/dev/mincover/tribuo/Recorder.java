package dev.mincover.tribuo;

import com.oracle.labs.mlrg.olcut.provenance.ConfiguredObjectProvenance;
import com.oracle.labs.mlrg.olcut.provenance.impl.ConfiguredObjectProvenanceImpl;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.tribuo.math.Parameters;
import org.tribuo.math.StochasticGradientOptimiser;
import org.tribuo.math.la.Tensor;

/** Records what a trainer hands to its optimiser, for itself and all its copies. */
final class Recorder implements StochasticGradientOptimiser {

  /** What a step was given. */
  record Given(List<Tensor> gradients, double weight) {}

  final List<Given> steps;
  final List<String> calls;
  private final StochasticGradientOptimiser inner;

  Recorder(StochasticGradientOptimiser inner) {
    this(inner, new ArrayList<>(), new ArrayList<>());
  }

  private Recorder(StochasticGradientOptimiser inner, List<Given> steps, List<String> calls) {
    this.inner = inner;
    this.steps = steps;
    this.calls = calls;
  }

  @Override
  public void initialise(Parameters parameters) {
    calls.add("initialise");
    inner.initialise(parameters);
  }

  @Override
  public Tensor[] step(Tensor[] updates, double weight) {
    if (!calls.getLast().equals("step")) {
      calls.add("step");
    }
    steps.add(new Given(Arrays.stream(updates).map(Tensor::copy).toList(), weight));
    return inner.step(updates, weight);
  }

  @Override
  public void finalise() {
    calls.add("finalise");
    inner.finalise();
  }

  @Override
  public void reset() {
    calls.add("reset");
    inner.reset();
  }

  @Override
  public StochasticGradientOptimiser copy() {
    calls.add("copy");
    return new Recorder(inner.copy(), steps, calls);
  }

  @Override
  public ConfiguredObjectProvenance getProvenance() {
    return new ConfiguredObjectProvenanceImpl(this, "StochasticGradientOptimiser");
  }
}
