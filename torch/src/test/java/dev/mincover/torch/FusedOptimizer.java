package dev.mincover.torch;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.GenericList;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorList;
import org.bytedeco.pytorch.global.torch;

/**
 * An optimizer that is one of libtorch's own fused kernels, which pass over weights, gradient and
 * state once: the fastest that libtorch has on a CPU, and so the peer to be compared with. It owns
 * its state and keeps the weights alive until it is closed.
 *
 * <p>Weights are contiguous and on the CPU, and their gradients dense; a weight whose gradient is
 * undefined is left as it is.
 */
abstract sealed class FusedOptimizer implements AutoCloseable
    permits FusedAdam, FusedAdamW, FusedAdagrad {

  private final String kernel;
  private final List<Tensor> weights = new ArrayList<>();

  /** By role, then by weight: as large as the weights, 0 at first. */
  private final List<List<Tensor>> state = new ArrayList<>();

  /** By weight, the number of its steps; the kernels take a float32 scalar each. */
  private final List<Tensor> steps = new ArrayList<>();

  /**
   * Makes the state.
   *
   * @param kernel a name of the dispatcher's
   * @param roles how many values the kernel keeps for a weight
   * @throws IllegalArgumentException if a weight is not contiguous or not on the CPU
   */
  FusedOptimizer(String kernel, int roles, List<Tensor> weights) {
    this.kernel = kernel;
    for (Tensor weight : weights) {
      if (!weight.is_cpu() || !weight.is_contiguous()) {
        throw new IllegalArgumentException(
            "a weight of shape %s is not contiguous on the CPU; the kernels read it as if it were"
                .formatted(Arrays.toString(weight.shape())));
      }
    }
    try (var _ = new PointerScope();
        var _ = new NoGradGuard()) {
      weights.forEach(weight -> this.weights.add(kept(new Tensor(weight))));
      for (int role = 0; role < roles; role++) {
        state.add(weights.stream().map(weight -> kept(torch.zeros_like(weight))).toList());
      }
      weights.forEach(_ -> steps.add(kept(torch.zeros())));
    }
  }

  private static Tensor kept(Tensor tensor) {
    return tensor.retainReference();
  }

  /**
   * Takes one step from the gradients that the weights hold.
   *
   * @throws IllegalStateException if a gradient is not contiguous
   */
  final void step(double eta) {
    try (var _ = new PointerScope();
        var _ = new NoGradGuard()) {
      List<Integer> found = new ArrayList<>();
      TensorList gradients = new TensorList();
      for (int i = 0; i < weights.size(); i++) {
        Tensor gradient = weights.get(i).grad();
        if (gradient.defined()) {
          if (!gradient.is_contiguous()) {
            throw new IllegalStateException("gradient %d is not contiguous".formatted(i));
          }
          found.add(i);
          gradients.push_back(gradient);
        }
      }
      found.forEach(i -> steps.get(i).add_(new Scalar(1.0f)));
      IValueVector stack = new IValueVector(list(weights, found), value(gradients));
      state.forEach(role -> stack.push_back(list(role, found)));
      pushUnusedState(stack);
      stack.push_back(list(steps, found));
      for (IValue option : options(eta)) {
        stack.push_back(option);
      }
      stack.push_back(new IValue(false)); // maximize
      stack.push_back(new IValue()); // grad_scale, of mixed precision
      stack.push_back(new IValue()); // found_inf
      Dispatcher dispatcher = Dispatcher.singleton();
      dispatcher.callBoxed(dispatcher.findSchemaOrThrow(kernel, ""), stack);
    }
  }

  /** Pushes a list for each role of state that the kernel knows but is not asked for. */
  abstract void pushUnusedState(IValueVector stack);

  /** The kernel's arguments from the learning rate up to, but without, {@code maximize}. */
  abstract IValue[] options(double eta);

  /** Bytes of state, the step counts included. */
  final long stateBytes() {
    long bytes = steps.stream().mapToLong(Tensor::nbytes).sum();
    for (List<Tensor> role : state) {
      bytes += role.stream().mapToLong(Tensor::nbytes).sum();
    }
    return bytes;
  }

  /** Frees the state and lets go of the weights. Closing again does nothing. */
  @Override
  public final void close() {
    state.forEach(role -> role.forEach(Tensor::releaseReference));
    state.clear();
    steps.forEach(Tensor::releaseReference);
    steps.clear();
    weights.forEach(Tensor::releaseReference);
    weights.clear();
  }

  /** A list without tensors. */
  static IValue none() {
    return value(new TensorList());
  }

  private static IValue list(List<Tensor> tensors, List<Integer> chosen) {
    TensorList list = new TensorList();
    chosen.forEach(i -> list.push_back(tensors.get(i)));
    return value(list);
  }

  /** The cast matters: IValue's own constructor for pointers would take the list for an object. */
  private static IValue value(TensorList list) {
    return new IValue(new GenericList((Pointer) list));
  }
}
