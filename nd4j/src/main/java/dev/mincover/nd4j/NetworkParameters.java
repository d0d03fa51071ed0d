package dev.mincover.nd4j;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.Trainable;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;

/**
 * The parameters of a DL4J network under the names of its {@code paramTable}, and who changes each:
 * core, DL4J itself, or nobody.
 */
final class NetworkParameters {

  /** All of them, those that core does not step as frozen ones. */
  final List<ArrayParameter> all = new ArrayList<>();

  /**
   * Those whose "gradients" are differences that DL4J subtracts as they are: the running means and
   * variances of batch normalisation, and the centres of a centre loss.
   */
  final List<ArrayParameter> subtracted = new ArrayList<>();

  /**
   * The parameters of a network.
   *
   * @throws IllegalArgumentException if one has an updater of DL4J's that would change its gradient
   */
  NetworkParameters(Model network) {
    layers(network)
        .forEach((prefix, layer) -> {
          for (String parameter : layer.paramTable(false).keySet()) {
            String name = prefix + "_" + parameter;
            IUpdater updater = updater(name, layer, parameter);
            ArrayParameter found =
                new ArrayParameter(
                    name, () -> network.getParam(name), !(updater instanceof DeferredUpdater));
            all.add(found);
            if (updater instanceof NoOp) {
              subtracted.add(found);
            }
          }
        });
  }

  /** By the prefix of their parameters' names. */
  private static Map<String, Trainable> layers(Model network) {
    Map<String, Trainable> layers = new LinkedHashMap<>();
    if (network instanceof MultiLayerNetwork stack) {
      for (int i = 0; i < stack.getnLayers(); i++) {
        layers.put(String.valueOf(i), stack.getLayer(i));
      }
    } else if (network instanceof ComputationGraph graph) {
      for (GraphVertex vertex : graph.getVertices()) {
        layers.put(vertex.getVertexName(), vertex);
      }
    }
    return layers;
  }

  /** The updater that a parameter is configured with; null if it is frozen. */
  private static @Nullable IUpdater updater(String name, Trainable layer, String parameter) {
    IUpdater updater = layer.getConfig().getUpdaterByParam(parameter);
    if (updater == null || updater instanceof DeferredUpdater || updater instanceof NoOp) {
      return updater;
    }
    throw new IllegalArgumentException(
        "parameter '%s' has the updater %s, which sees a vector in place of rows and columns and turns the gradient into an update of its own; configure the network with updater(new DeferredUpdater())"
            .formatted(name, updater.getClass().getSimpleName()));
  }
}
