package dev.mincover.djl;

import static java.util.Objects.requireNonNull;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.util.Pair;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/** A small network, its data, and a training of it, with the same values in every process. */
final class Models {

  static final Shape INPUT = new Shape(8, 5);

  private Models() {}

  /** A model with a block of two layers, not initialised. */
  static Model model() {
    Model model = Model.newInstance("test", "PyTorch");
    model.setBlock(
        new SequentialBlock()
            .add(Linear.builder().setUnits(7).build())
            .add(Activation::tanh)
            .add(Linear.builder().setUnits(2).build()));
    return model;
  }

  /** A trainer of a model, initialised, with weights that depend on the seed alone. */
  static Trainer trainer(Model model, Optimizer optimizer, long seed) {
    Trainer trainer =
        model.newTrainer(new DefaultTrainingConfig(Loss.l2Loss()).optOptimizer(optimizer));
    trainer.initialize(INPUT);
    fill(model.getBlock(), seed);
    return trainer;
  }

  static void fill(Block block, long seed) {
    Random random = new Random(seed);
    for (Pair<String, Parameter> pair : block.getParameters()) {
      NDArray array = pair.getValue().getArray();
      MemorySegment memory = requireNonNull(ArrayMemory.of(array));
      memory.copyFrom(MemorySegment.ofArray(gaussians(random, array.size())));
    }
  }

  private static float[] gaussians(Random random, long n) {
    float[] values = new float[(int) n];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  /** Computes the gradients of step t. */
  static float backward(Trainer trainer, int t) {
    Random random = new Random(1_000 + t);
    try (NDManager manager = trainer.getManager().newSubManager()) {
      NDArray data = manager.create(gaussians(random, INPUT.size()), INPUT);
      NDArray labels = manager.create(gaussians(random, 16), new Shape(8, 2));
      try (GradientCollector collector = trainer.newGradientCollector()) {
        NDList prediction = trainer.forward(new NDList(data));
        NDArray loss = trainer.getLoss().evaluate(new NDList(labels), prediction);
        collector.backward(loss);
        return loss.getFloat();
      }
    }
  }

  /** The weights of a block, by name. */
  static Map<String, float[]> weights(Block block) {
    Map<String, float[]> weights = new LinkedHashMap<>();
    for (Pair<String, Parameter> pair : block.getParameters()) {
      NDArray array = pair.getValue().getArray();
      try (NDArray floats = array.toType(DataType.FLOAT32, true)) {
        weights.put(
            pair.getKey(),
            requireNonNull(ArrayMemory.of(floats)).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED));
      }
    }
    return weights;
  }
}
