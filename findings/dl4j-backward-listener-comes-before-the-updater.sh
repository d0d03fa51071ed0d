#!/usr/bin/env bash
# Package: DL4J 1.0.0-M2.1 (org.deeplearning4j:deeplearning4j-nn, org.nd4j:nd4j-native 1.0.0-M2.1, linux-x86_64).
# Expected: what the Javadoc of TrainingListener says: onGradientCalculation comes before the gradients
#   are updated, and onBackwardPass after that, with gradients "post-update, rather than raw".
# Seen: onBackwardPass comes first, and both show the raw gradient, summed over the batch (8 for four
#   examples of 2 each). What is subtracted, here 8 / 4 times the rate 0.5, is seen in iterationDone
#   alone, when the parameters have changed. So no listener can look at an update, or replace it,
#   before it is applied; a GradientsAccumulator can.
# Needs Maven and JDK 21 or newer, as java or in JAVA_HOME.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > pom.xml <<'POM'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.deeplearning4j</groupId><artifactId>deeplearning4j-nn</artifactId>
      <version>1.0.0-M2.1</version></dependency>
    <dependency><groupId>org.nd4j</groupId><artifactId>nd4j-native</artifactId><version>1.0.0-M2.1</version></dependency>
    <dependency><groupId>org.nd4j</groupId><artifactId>nd4j-native</artifactId><version>1.0.0-M2.1</version>
      <classifier>linux-x86_64</classifier></dependency>
  </dependencies>
</project>
POM
cat > Finding.java <<'JAVA'
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class Finding {
  static void print(String when, Model model) {
    System.out.println(when + ": gradient " + model.gradient().getGradientFor("0_b").getDouble(0)
        + ", parameter " + model.getParam("0_b").getDouble(0));
  }

  public static void main(String[] arguments) {
    MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
        .updater(new Sgd(0.5)).list()
        .layer(new OutputLayer.Builder(LossFunction.MSE).activation(Activation.IDENTITY).nIn(1).nOut(1).build())
        .build());
    network.init();
    network.setParams(Nd4j.zeros(DataType.FLOAT, 1, 2));
    network.setListeners(new BaseTrainingListener() {
      @Override public void onGradientCalculation(Model model) {
        print("onGradientCalculation", model);
      }

      @Override public void onBackwardPass(Model model) {
        print("onBackwardPass", model);
      }

      @Override public void iterationDone(Model model, int iteration, int epoch) {
        print("iterationDone", model);
      }
    });
    network.fit(Nd4j.ones(DataType.FLOAT, 4, 1), Nd4j.ones(DataType.FLOAT, 4, 1).neg());
  }
}
JAVA
mvn -B -q dependency:copy-dependencies -DoutputDirectory=lib >&2
seen=$("${JAVA_HOME:+$JAVA_HOME/bin/}java" -cp 'lib/*' Finding.java 2>/dev/null)
printf '%s\n' "$seen"
[[ $seen == 'onBackwardPass: gradient 8.0, parameter 0.0
onGradientCalculation: gradient 8.0, parameter 0.0
iterationDone: gradient 1.0, parameter -1.0' ]]
