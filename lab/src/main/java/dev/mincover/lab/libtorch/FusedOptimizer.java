package dev.mincover.lab.libtorch;

import dev.mincover.checkpoint.NamedTensor;
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
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorList;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * An optimizer that is one of libtorch's fused kernels. A fused kernel passes over weights,
 * gradients and state once, which is the fastest that libtorch offers on a CPU. The optimizer owns
 * its state.
 *
 * <p>Weights must be contiguous and on the CPU, and gradients dense.
 */
public abstract sealed class FusedOptimizer implements LibtorchOptimizer
    permits FusedAdam, FusedAdamW, FusedAdagrad, FusedSgd {

  private final List<Tensor> weights;

  /** What the values of {@link #state} are called in a file. */
  private final List<String> roles;

  /** State by role, then by weight. Each tensor has the shape of its weight and starts at 0. */
  private final List<List<Tensor>> state = new ArrayList<>();

  /**
   * The number of steps of each weight, and a view of each number. Empty if the kernel does not
   * count steps.
   */
  private final Tensor steps;

  private final List<Tensor> step;

  // Made once, so that a step's time is the kernel's.
  private final OperatorHandle kernel;
  private final Scalar one;
  private List<IValue> options = List.of();
  private double optionsEta = Double.NaN;

  /**
   * The lists of a step in which all weights have gradients, once it is known that these tensors
   * stay.
   */
  private @Nullable Lists held;

  private boolean closed;

  /**
   * What a kernel gets for some of the weights.
   *
   * @param chosen indices of the weights
   * @param values the arguments of the kernel that are lists
   */
  private record Lists(List<Integer> chosen, List<IValue> values) {}

  /**
   * Makes the state.
   *
   * @param kernel name in libtorch's dispatcher
   * @param roles the names of the values that the kernel keeps per weight
   * @param counts whether the kernel also takes the number of steps, as one scalar per weight
   *     tensor
   * @throws IllegalArgumentException if a weight is not contiguous or not on the CPU
   */
  FusedOptimizer(String kernel, List<String> roles, boolean counts, List<Tensor> weights) {
    this.roles = roles;
    for (Tensor weight : weights) {
      if (!weight.is_cpu() || !weight.is_contiguous()) {
        throw new IllegalArgumentException(
            "a weight of shape %s is not contiguous on the CPU; the kernels read it as if it were"
                .formatted(Arrays.toString(weight.shape())));
      }
    }
    try (var _ = new PointerScope();
        var _ = new NoGradGuard()) {
      this.kernel = kept(Dispatcher.singleton().findSchemaOrThrow(kernel, ""));
      one = kept(new Scalar(1.0f));
      this.weights = weights.stream().map(weight -> kept(new Tensor(weight))).toList();
      for (String _ : roles) {
        state.add(weights.stream().map(weight -> kept(torch.zeros_like(weight))).toList());
      }
      int counters = counts ? weights.size() : 0;
      steps = kept(torch.zeros(counters));
      step = IntStream.range(0, counters).mapToObj(i -> kept(steps.select(0, i))).toList();
    }
  }

  /** Keeps a pointer alive after its scope ends. */
  private static <P extends Pointer> P kept(P pointer) {
    return pointer.<P>retainReference();
  }

  /**
   * Reads the gradient tensors once. All later steps use the same tensors, with the values that
   * they hold then.
   *
   * @throws IllegalStateException if a weight has no gradient, or one that is not contiguous
   */
  public final void holdGradients() {
    try (var _ = new PointerScope();
        var _ = new NoGradGuard()) {
      Lists lists = lists();
      if (lists.chosen().size() < weights.size()) {
        throw new IllegalStateException("not all weights have a gradient to hold");
      }
      lists.values().forEach(Pointer::retainReference);
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
      count(lists.chosen());
      if (eta != optionsEta) {
        options.forEach(Pointer::releaseReference);
        options = allOptions(eta);
        optionsEta = eta;
      }
      IValueVector stack = new IValueVector();
      lists.values().forEach(stack::push_back);
      options.forEach(stack::push_back);
      Dispatcher.singleton().callBoxed(kernel, stack);
    }
  }

  private void count(List<Integer> chosen) {
    if (step.isEmpty()) {
      return;
    }
    if (chosen.size() == weights.size()) {
      steps.add_(one);
    } else {
      chosen.forEach(i -> step.get(i).add_(one));
    }
  }

  /** Returns the lists for the weights that have a gradient. */
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
    List<IValue> values = new ArrayList<>();
    values.add(list(weights, found));
    values.add(value(gradients));
    state.forEach(role -> values.add(list(role, found)));
    addUnusedState(values);
    if (!step.isEmpty()) {
      values.add(list(step, found));
    }
    return new Lists(found, values);
  }

  private List<IValue> allOptions(double eta) {
    List<IValue> all = new ArrayList<>(options(eta));
    all.add(new IValue()); // grad_scale, of mixed precision
    all.add(new IValue()); // found_inf
    all.forEach(FusedOptimizer::kept);
    return all;
  }

  /**
   * Adds an empty list for each role of state that the kernel knows but this optimizer does not
   * use.
   */
  abstract void addUnusedState(List<IValue> values);

  /** Returns the kernel's arguments after the lists, without those of mixed precision. */
  abstract List<IValue> options(double eta);

  /**
   * Returns weights and state as named float32 tensors over their own memory: the weights under
   * their names, the values that the kernel keeps for a weight under {@code optimizer/NAME/}, and
   * the numbers of steps under {@code optimizer/steps}.
   *
   * @param names of the weights, in their order
   */
  public final List<NamedTensor> tensors(List<String> names) {
    List<NamedTensor> tensors = new ArrayList<>();
    for (int i = 0; i < weights.size(); i++) {
      tensors.add(TensorMemory.named(names.get(i), weights.get(i)));
      for (int role = 0; role < roles.size(); role++) {
        String name = "optimizer/%s/%s".formatted(names.get(i), roles.get(role));
        tensors.add(TensorMemory.named(name, state.get(role).get(i)));
      }
    }
    if (!step.isEmpty()) {
      tensors.add(TensorMemory.named("optimizer/steps", steps));
    }
    return tensors;
  }

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
      options.forEach(Pointer::releaseReference);
      one.releaseReference();
      kernel.releaseReference();
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
      lists.values().forEach(Pointer::releaseReference);
    }
  }

  /** Returns a list without tensors. */
  static IValue none() {
    return value(new TensorList());
  }

  private static IValue list(List<Tensor> tensors, List<Integer> chosen) {
    TensorList list = new TensorList();
    chosen.forEach(i -> list.push_back(tensors.get(i)));
    return value(list);
  }

  /**
   * Wraps a list. The cast matters: the constructor of IValue for pointers would treat the list as
   * an object.
   */
  private static IValue value(TensorList list) {
    return new IValue(new GenericList((Pointer) list));
  }
}
