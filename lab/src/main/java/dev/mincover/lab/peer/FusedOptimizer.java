package dev.mincover.lab.peer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
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
import org.jspecify.annotations.Nullable;

/**
 * An optimizer that is one of libtorch's own fused kernels, which pass over weights, gradient and
 * state once: the fastest that libtorch has on a CPU. It owns its state.
 *
 * <p>Weights are contiguous and on the CPU, and their gradients dense.
 */
public abstract sealed class FusedOptimizer implements Peer
    permits FusedAdam, FusedAdamW, FusedAdagrad {

  private final String kernel;
  private final List<Tensor> weights;

  /** By role, then by weight: as large as the weights, 0 at first. */
  private final List<List<Tensor>> state = new ArrayList<>();

  /** By weight, the number of its steps, and views of each: the kernels take a scalar a weight. */
  private final Tensor steps;

  private final List<Tensor> step;

  /** The lists of a step that has all gradients, once these are known to stay. */
  private @Nullable Lists held;

  private boolean closed;

  /**
   * What a kernel is given of some weights.
   *
   * @param chosen indices of these weights
   * @param state by role
   */
  private record Lists(
      List<Integer> chosen, IValue weights, IValue gradients, List<IValue> state, IValue steps) {}

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
      this.weights = weights.stream().map(weight -> kept(new Tensor(weight))).toList();
      for (int role = 0; role < roles; role++) {
        state.add(weights.stream().map(weight -> kept(torch.zeros_like(weight))).toList());
      }
      steps = kept(torch.zeros(weights.size()));
      step = IntStream.range(0, weights.size()).mapToObj(i -> kept(steps.select(0, i))).toList();
    }
  }

  /** A tensor that outlives the scope it is made in. */
  private static Tensor kept(Tensor tensor) {
    return tensor.retainReference();
  }

  /**
   * Looks for the gradients once: every later step takes these same tensors, whatever they then
   * hold.
   *
   * @throws IllegalStateException if a weight has none, or one that is not contiguous
   */
  public final void holdGradients() {
    try (var _ = new PointerScope();
        var _ = new NoGradGuard()) {
      Lists lists = lists();
      if (lists.chosen().size() < weights.size()) {
        throw new IllegalStateException("not all weights have a gradient to hold");
      }
      lists.weights().retainReference();
      lists.gradients().retainReference();
      lists.state().forEach(Pointer::retainReference);
      lists.steps().retainReference();
      releaseHeld();
      held = lists;
    }
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalStateException if a gradient is not contiguous
   */
  @Override
  public final void step(double eta) {
    try (var _ = new PointerScope();
        var _ = new NoGradGuard()) {
      Lists lists = held == null ? lists() : held;
      Scalar one = new Scalar(1.0f);
      if (lists.chosen().size() == weights.size()) {
        steps.add_(one);
      } else {
        lists.chosen().forEach(i -> step.get(i).add_(one));
      }
      IValueVector stack = new IValueVector(lists.weights(), lists.gradients());
      lists.state().forEach(stack::push_back);
      pushUnusedState(stack);
      stack.push_back(lists.steps());
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

  /** Of the weights that have a gradient. */
  private Lists lists() {
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
    return new Lists(
        found,
        list(weights, found),
        value(gradients),
        state.stream().map(role -> list(role, found)).toList(),
        list(step, found));
  }

  /** Pushes a list for each role of state that the kernel knows but is not asked for. */
  abstract void pushUnusedState(IValueVector stack);

  /** The kernel's arguments from the learning rate up to, but without, {@code maximize}. */
  abstract IValue[] options(double eta);

  @Override
  public final long stateBytes() {
    long bytes = closed ? 0 : steps.nbytes();
    for (List<Tensor> role : state) {
      bytes += role.stream().mapToLong(Tensor::nbytes).sum();
    }
    return bytes;
  }

  @Override
  public final void close() {
    if (!closed) {
      closed = true;
      releaseHeld();
      state.forEach(role -> role.forEach(Tensor::releaseReference));
      state.clear();
      step.forEach(Tensor::releaseReference);
      steps.releaseReference();
      weights.forEach(Tensor::releaseReference);
    }
  }

  private void releaseHeld() {
    Lists lists = held;
    if (lists != null) {
      held = null;
      lists.weights().releaseReference();
      lists.gradients().releaseReference();
      lists.state().forEach(Pointer::releaseReference);
      lists.steps().releaseReference();
    }
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
