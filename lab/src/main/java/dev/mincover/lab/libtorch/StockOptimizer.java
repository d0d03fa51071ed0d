package dev.mincover.lab.libtorch;

import java.util.List;
import java.util.function.Function;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Adagrad;
import org.bytedeco.pytorch.AdagradOptions;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/**
 * An optimizer of libtorch's C++ front end, the one that users of JavaCPP have at hand. It runs one
 * tensor operation after the other, each a pass over memory. Constants are libtorch's defaults.
 */
public final class StockOptimizer implements LibtorchOptimizer {

  private final Optimizer optimizer;

  /** Bytes that its parameter states declare. Their tensors cannot be reached from Java. */
  private final long stateBytes;

  private double eta = Double.NaN;
  private boolean closed;

  private StockOptimizer(
      List<Tensor> weights, int roles, Function<TensorVector, Optimizer> constructor) {
    stateBytes = weights.stream().mapToLong(weight -> roles * weight.nbytes() + Long.BYTES).sum();
    try (var _ = new PointerScope()) {
      optimizer = constructor.apply(new TensorVector(weights.toArray(Tensor[]::new)));
      optimizer.retainReference();
    }
  }

  /** Adam with averages over 0.9 and 0.999 and epsilon 1e-8, without weight decay. */
  public static StockOptimizer adam(List<Tensor> weights) {
    return new StockOptimizer(weights, 2, list -> new Adam(list, new AdamOptions()));
  }

  /** AdaGrad with epsilon 1e-10. */
  public static StockOptimizer adagrad(List<Tensor> weights) {
    return new StockOptimizer(weights, 1, list -> new Adagrad(list, new AdagradOptions()));
  }

  @Override
  public void step(double eta) {
    try (var _ = new PointerScope()) {
      if (eta != this.eta) {
        optimizer.param_groups().get(0).options().set_lr(eta);
        this.eta = eta;
      }
      optimizer.step();
    }
  }

  @Override
  public long stateBytes() {
    return closed ? 0 : stateBytes;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      optimizer.releaseReference();
    }
  }
}
