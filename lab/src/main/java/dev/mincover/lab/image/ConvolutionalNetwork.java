package dev.mincover.lab.image;

import dev.mincover.lab.model.InitialWeights;
import dev.mincover.lab.model.Model;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.model.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Convolutions of 3 x 3 pixels, each with ReLU and a pooling that halves the picture, then two
 * linear layers. The kernels are tensors of rank 4, outputs x inputs x 3 x 3.
 */
final class ConvolutionalNetwork implements Model {

  private static final int KERNEL = 3;
  private static final double WHITE = 255;

  private final ConvolutionConfig config;
  private final Weights weights;
  private final List<Weights.Linear> convolutions = new ArrayList<>();
  private final Weights.Linear hidden;
  private final Weights.Linear last;

  /** Makes a model with initial weights. Equal seeds give equal bits. */
  ConvolutionalNetwork(ConvolutionConfig config, long seed, WeightType type) {
    this(config, new Weights(initial(config, seed, type)));
  }

  private ConvolutionalNetwork(ConvolutionConfig config, Weights weights) {
    this.config = config;
    this.weights = weights;
    for (int layer = 0; layer < config.layers(); layer++) {
      convolutions.add(weights.linear("conv." + layer));
    }
    hidden = weights.linear("hidden");
    last = weights.linear("last");
  }

  /** Draws the weights by the rule of He et al. (2015): variance 2 over the inputs of an output. */
  private static Map<String, Tensor> initial(ConvolutionConfig config, long seed, WeightType type) {
    InitialWeights initial = new InitialWeights(seed, type);
    for (int layer = 0; layer < config.layers(); layer++) {
      int inputs = layer == 0 ? 1 : config.channels(layer - 1);
      String name = "conv." + layer;
      double deviation = Math.sqrt(2.0 / (inputs * KERNEL * KERNEL));
      initial.gaussian(name + ".weight", deviation, config.channels(layer), inputs, KERNEL, KERNEL);
      initial.constant(name + ".bias", 0, config.channels(layer));
    }
    int features = config.features();
    initial.linear("hidden", Math.sqrt(2.0 / features), features, ConvolutionConfig.HIDDEN);
    double small = Math.sqrt(1.0 / ConvolutionConfig.HIDDEN);
    initial.linear("last", small, ConvolutionConfig.HIDDEN, Digits.CLASSES);
    return initial.byName();
  }

  @Override
  public Map<String, Tensor> parameters() {
    return weights.byName();
  }

  /**
   * Returns the logits of the digits.
   *
   * @param pixels int64, batch x 784
   * @return float32, batch x 10
   */
  private Tensor logits(Tensor pixels) {
    Tensor x =
        pixels
            .to(ScalarType.Float)
            .mul(new Scalar(1 / WHITE))
            .view(pixels.size(0), 1, Digits.SIDE, Digits.SIDE);
    long[] one = {1, 1};
    for (Weights.Linear convolution : convolutions) {
      Tensor kernel = Weights.wide(convolution.weight());
      TensorOptional bias = new TensorOptional(Weights.wide(convolution.bias()));
      x = torch.max_pool2d(torch.relu(torch.conv2d(x, kernel, bias, one, one, one, 1)), 2, 2);
    }
    return last.forward(torch.relu(hidden.forward(x.flatten(1, 3))));
  }

  @Override
  public Tensor loss(Tensor inputs, Tensor targets) {
    return torch.cross_entropy_loss(logits(inputs), targets.reshape(-1));
  }

  /**
   * Returns the likeliest digits.
   *
   * @param pixels of pictures, one after the other
   */
  int[] guesses(long[] pixels) {
    int count = pixels.length / Digits.PIXELS;
    try (var _ = new PointerScope();
        var _ = new NoGradGuard()) {
      Tensor logits = logits(Tensor.create(pixels, count, Digits.PIXELS));
      long[] values = new long[count];
      logits.argmax(new LongOptional(1), false).contiguous().data_ptr_long().get(values);
      int[] guesses = new int[count];
      for (int i = 0; i < count; i++) {
        guesses[i] = (int) values[i];
      }
      return guesses;
    }
  }

  @Override
  public ConvolutionalNetwork replica() {
    return new ConvolutionalNetwork(config, weights.replica());
  }

  @Override
  public void close() {
    weights.close();
  }
}
