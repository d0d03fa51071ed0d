package dev.mincover.nd4j;

import java.util.LinkedHashMap;
import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Small networks of DL4J, and data for them. */
final class Networks {

  private Networks() {}

  static NeuralNetConfiguration.Builder builder(IUpdater updater) {
    return new NeuralNetConfiguration.Builder()
        .seed(7)
        .updater(updater)
        .activation(Activation.TANH);
  }

  static MultiLayerNetwork dense(NeuralNetConfiguration.Builder builder) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            builder
                .list()
                .layer(new DenseLayer.Builder().nIn(4).nOut(6).build())
                .layer(output(6))
                .build());
    network.init();
    return network;
  }

  static MultiLayerNetwork convolution(NeuralNetConfiguration.Builder builder) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            builder
                .list()
                .layer(new ConvolutionLayer.Builder(2, 2).nIn(1).nOut(3).build())
                .layer(new BatchNormalization())
                .layer(output(0))
                .setInputType(InputType.convolutional(3, 3, 1))
                .build());
    network.init();
    return network;
  }

  static ComputationGraph graph(NeuralNetConfiguration.Builder builder) {
    ComputationGraph graph =
        new ComputationGraph(
            builder
                .graphBuilder()
                .addInputs("in")
                .addLayer("dense", new DenseLayer.Builder().nIn(4).nOut(6).build(), "in")
                .addLayer("out", output(6), "dense")
                .setOutputs("out")
                .build());
    graph.init();
    return graph;
  }

  private static OutputLayer output(int in) {
    return new OutputLayer.Builder(LossFunction.MCXENT)
        .nIn(in)
        .nOut(3)
        .activation(Activation.SOFTMAX)
        .build();
  }

  /** Five examples of four features and three classes. */
  static DataSet data(long seed) {
    return new DataSet(random(seed, 5, 4), labels());
  }

  /** Five images of 3 x 3 and three classes. */
  static DataSet images(long seed) {
    return new DataSet(random(seed, 5, 1, 3, 3), labels());
  }

  private static INDArray random(long seed, long... shape) {
    Nd4j.getRandom().setSeed(seed + 1); // 0 would give other numbers every time.
    return Nd4j.randn(DataType.FLOAT, shape);
  }

  private static INDArray labels() {
    INDArray labels = Nd4j.zeros(DataType.FLOAT, 5, 3);
    for (int i = 0; i < 5; i++) {
      labels.putScalar(i, i % 3, 1);
    }
    return labels;
  }

  /** All parameters in row-major order, by name. */
  static Map<String, float[]> weights(Model network) {
    Map<String, float[]> weights = new LinkedHashMap<>();
    network.paramTable().forEach((name, array) -> weights.put(name, Arrays4j.values(array)));
    return weights;
  }

  /** The gradients that the network holds, in row-major order. */
  static Map<String, float[]> gradients(Model network) {
    Map<String, float[]> gradients = new LinkedHashMap<>();
    network
        .gradient()
        .gradientForVariable()
        .forEach((name, array) -> gradients.put(name, Arrays4j.values(array)));
    return gradients;
  }
}
