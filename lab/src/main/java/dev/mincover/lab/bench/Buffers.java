package dev.mincover.lab.bench;

import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The weights and gradients of a workload, which all optimizers step in turn. libtorch allocates
 * them for all, so that all have the same alignment and the same large pages, if these are switched
 * on.
 *
 * <p>Weights are normally distributed with deviation 0.02, gradients with 0.01. The gradients stay
 * the same, so the learning rate must be small.
 */
public final class Buffers implements AutoCloseable {

  /**
   * Number of values of a tensor that are drawn and then repeated: drawing takes longer than
   * stepping.
   */
  private static final long DRAWN = 1 << 20;

  private final Workload workload;
  private final DataType type;
  private final List<Tensor> weights = new ArrayList<>();
  private final List<Tensor> gradients = new ArrayList<>();

  /**
   * Allocates and fills the buffers.
   *
   * @param type float32 or bfloat16
   */
  public Buffers(Workload workload, DataType type) {
    this.workload = workload;
    this.type = type;
    try (var _ = new PointerScope();
        var _ = new NoGradGuard()) {
      torch.manual_seed(1);
      for (Shape shape : workload.tensors()) {
        Tensor weight = normal(shape, 0.02).set_requires_grad(true);
        Tensor gradient = normal(shape, 0.01);
        weight.mutable_grad().put(gradient);
        weights.add(weight.retainReference());
        gradients.add(gradient.retainReference());
      }
    }
  }

  private Tensor normal(Shape shape, double deviation) {
    ScalarType scalar = type == DataType.FLOAT32 ? ScalarType.Float : ScalarType.BFloat16;
    Tensor tensor = torch.empty(shape.dimensions(), new TensorOptions(scalar), null);
    Tensor flat = tensor.view(-1);
    long drawn = Math.min(DRAWN, shape.size());
    flat.narrow(0, 0, drawn).normal_(0, deviation, new GeneratorOptional());
    for (long at = drawn; at < shape.size(); at *= 2) {
      long more = Math.min(at, shape.size() - at);
      flat.narrow(0, at, more).copy_(flat.narrow(0, 0, more));
    }
    return tensor;
  }

  /** The workload. */
  public Workload workload() {
    return workload;
  }

  /** The weights, with their gradients set. */
  public List<Tensor> tensors() {
    return List.copyOf(weights);
  }

  /** The memory of the weights. It is valid until this object is closed. */
  public List<MemorySegment> weights() {
    return weights.stream().map(Buffers::segment).toList();
  }

  /** The memory of the gradients. It is valid until this object is closed. */
  public List<MemorySegment> gradients() {
    return gradients.stream().map(Buffers::segment).toList();
  }

  /** The weights as Mincover's core takes them. */
  public List<Parameter> parameters() {
    List<Parameter> parameters = new ArrayList<>();
    List<MemorySegment> segments = weights();
    for (int i = 0; i < segments.size(); i++) {
      parameters.add(Parameter.of("w" + i, workload.tensors().get(i), segments.get(i), type));
    }
    return parameters;
  }

  /** The gradients as Mincover's core takes them. */
  public Map<String, Gradient> gradientsByName() {
    Map<String, Gradient> byName = new LinkedHashMap<>();
    List<MemorySegment> segments = gradients();
    for (int i = 0; i < segments.size(); i++) {
      byName.put("w" + i, Gradient.dense(segments.get(i), type));
    }
    return byName;
  }

  /**
   * Allocates memory in the same way, aligned to 64 bytes, until the arena is closed. It is not
   * cleared.
   */
  @SuppressWarnings("restricted")
  static MemorySegment allocate(long bytes, Arena arena) {
    try (var _ = new PointerScope()) {
      Tensor tensor =
          torch
              .empty(new long[] {bytes}, new TensorOptions(ScalarType.Byte), null)
              .retainReference();
      return segment(tensor).reinterpret(arena, _ -> tensor.releaseReference());
    }
  }

  @SuppressWarnings("restricted")
  private static MemorySegment segment(Tensor tensor) {
    return MemorySegment.ofAddress(tensor.data_ptr().address()).reinterpret(tensor.nbytes());
  }

  @Override
  public void close() {
    weights.forEach(Tensor::releaseReference);
    weights.clear();
    gradients.forEach(Tensor::releaseReference);
    gradients.clear();
  }
}
