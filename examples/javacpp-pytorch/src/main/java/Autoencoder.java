import static org.bytedeco.pytorch.global.torch.manual_seed;
import static org.bytedeco.pytorch.global.torch.mse_loss;
import static org.bytedeco.pytorch.global.torch.randn;
import static org.bytedeco.pytorch.global.torch.relu;

import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import dev.mincover.torch.TorchOptimizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Adam;
import org.bytedeco.pytorch.AdamOptions;
import org.bytedeco.pytorch.LinearImpl;
import org.bytedeco.pytorch.Module;
import org.bytedeco.pytorch.Tensor;

/** An autoencoder that finds the few directions in which its data varies. */
public final class Autoencoder {

  private static final int WIDTH = 256;
  private static final int HIDDEN = 512;
  private static final int DIRECTIONS = 16;
  private static final int BATCH = 128;
  private static final int STEPS = 300;

  /** Three layers, with few values in the middle. */
  private static final class Network extends Module {
    private final LinearImpl in = register_module("in", new LinearImpl(WIDTH, HIDDEN));
    private final LinearImpl code = register_module("code", new LinearImpl(HIDDEN, DIRECTIONS));
    private final LinearImpl out = register_module("out", new LinearImpl(DIRECTIONS, WIDTH));

    Tensor forward(Tensor x) {
      return out.forward(code.forward(relu(in.forward(x))));
    }
  }

  public static void main(String[] arguments) throws IOException {
    System.out.println("libtorch's Adam:");
    manual_seed(1);
    Network network = new Network();
    AdamOptions options = new AdamOptions(0.005);
    try (Adam adam = new Adam(network.parameters(), options)) {
      train(network, adam::step, adam::zero_grad, 1, STEPS);
    }
    long weights = 0;
    for (int i = 0; i < network.parameters().size(); i++) {
      weights += network.parameters().get(i).numel();
    }
    System.out.printf("  state: %,d bytes%n", 2 * Float.BYTES * weights);

    Sm3 recipe =
        Sm3.learningRate(Schedule.constant(0.05).warmup(20, 2)).momentum(Momentum.average(0.9));
    System.out.println("SM3 with bfloat16 momentum:");
    sm3(recipe.momentum(Momentum.average(0.9).stored(Momentum.Format.BFLOAT16)), 1, STEPS, null);
    System.out.println("SM3 with float32 momentum, stopped and resumed:");
    Path file = Files.createTempFile("autoencoder", ".safetensors");
    float straight = sm3(recipe, 1, STEPS, null);
    sm3(recipe, 1, STEPS / 2, file);
    float resumed = sm3(recipe, STEPS / 2 + 1, STEPS, file);
    Files.delete(file);
    System.out.println(
        Float.floatToIntBits(straight) == Float.floatToIntBits(resumed)
            ? "  the resumed training has the same bits"
            : "  THE RESUMED TRAINING DIFFERS");
  }

  /** Trains from the file if {@code from} is not the first step, and to it otherwise. */
  private static float sm3(Sm3 recipe, int from, int to, Path file) throws IOException {
    manual_seed(1);
    Network network = new Network();
    try (TorchOptimizer optimizer = TorchOptimizer.bind(recipe, network, /* threads */ 2)) {
      if (from > 1) {
        optimizer.load(file);
      }
      float loss = train(network, optimizer::step, optimizer::zeroGradients, from, to);
      if (file == null) {
        System.out.printf("  state: %,d bytes%n", optimizer.core().stateBytes());
      } else if (from == 1) {
        optimizer.save(file);
      }
      return loss;
    }
  }

  private static float train(
      Network network, Runnable step, Runnable zeroGradients, int from, int to) {
    float loss = 0;
    manual_seed(2);
    Tensor mixing = randn(DIRECTIONS, WIDTH);
    for (int t = from; t <= to; t++) {
      try (PointerScope _ = new PointerScope()) { // Frees the tensors of a step.
        manual_seed(1_000 + t);
        Tensor data = randn(BATCH, DIRECTIONS).matmul(mixing);
        Tensor error = mse_loss(network.forward(data), data);
        error.backward();
        step.run();
        zeroGradients.run();
        loss = error.item_float();
        if (t % (STEPS / 3) == 0) {
          System.out.printf("  step %3d: loss %.4f%n", t, loss);
        }
      }
    }
    return loss;
  }
}
