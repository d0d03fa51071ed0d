#!/usr/bin/env bash
# Package: Tribuo 4.3.2 (org.tribuo:tribuo-classification-sgd 4.3.2).
# Expected: an example with the weight 0 does not train a LinearSGDTrainer, which says that it uses
#   weights (WeightedExamples), whatever the optimiser and the size of the minibatch are.
# Seen: half of the examples say "a" with the weight 1, the others contradict them with the weight 0.
#   AdaGrad in minibatches of 1 learns "a". In minibatches of 20 the gradients are added up without
#   their weights, and the sum is multiplied by the mean of the weights: the model learns nothing. Adam
#   does not use the weight at all: its update is the same for any.
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
    <dependency><groupId>org.tribuo</groupId><artifactId>tribuo-classification-sgd</artifactId><version>4.3.2</version></dependency>
  </dependencies>
</project>
POM
cat > Finding.java <<'JAVA'
import java.time.OffsetDateTime;
import java.util.Locale;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.tribuo.Example;
import org.tribuo.MutableDataset;
import org.tribuo.classification.Label;
import org.tribuo.classification.LabelFactory;
import org.tribuo.classification.sgd.linear.LinearSGDTrainer;
import org.tribuo.classification.sgd.objectives.LogMulticlass;
import org.tribuo.impl.ArrayExample;
import org.tribuo.math.LinearParameters;
import org.tribuo.math.StochasticGradientOptimiser;
import org.tribuo.math.la.DenseMatrix;
import org.tribuo.math.la.Tensor;
import org.tribuo.math.optimisers.AdaGrad;
import org.tribuo.math.optimisers.Adam;
import org.tribuo.provenance.SimpleDataSourceProvenance;

class Finding {
  public static void main(String[] arguments) {
    Logger.getLogger("org.tribuo").setLevel(Level.OFF);
    for (float weight : new float[] {0, 1}) {
      System.out.println("weight " + weight + " of those that contradict: probability of a"
          + " in minibatches of 1 " + probability(1, weight)
          + ", of 20 " + probability(20, weight));
    }
    System.out.println("first update of a gradient of 10 with the weights 1 and 0:"
        + " AdaGrad " + update(new AdaGrad(0.1), 1) + " and " + update(new AdaGrad(0.1), 0)
        + ", Adam " + update(new Adam(0.1, 1e-6), 1) + " and " + update(new Adam(0.1, 1e-6), 0));
  }

  static String update(StochasticGradientOptimiser optimiser, double weight) {
    optimiser.initialise(new LinearParameters(1, 1));
    DenseMatrix gradient = new DenseMatrix(1, 1);
    gradient.set(0, 0, 10);
    optimiser.step(new Tensor[] {gradient}, weight);
    return String.format(Locale.ROOT, "%.3f", gradient.get(0, 0));
  }

  static String probability(int minibatch, float weight) {
    LabelFactory factory = new LabelFactory();
    MutableDataset<Label> data =
        new MutableDataset<>(new SimpleDataSourceProvenance("finding", OffsetDateTime.MIN, factory), factory);
    for (int i = 0; i < 20; i++) {
      Example<Label> example =
          new ArrayExample<>(new Label(i % 2 == 0 ? "a" : "b"), new String[] {"x"}, new double[] {1});
      example.setWeight(i % 2 == 0 ? 1 : weight);
      data.add(example);
    }
    LinearSGDTrainer trainer =
        new LinearSGDTrainer(new LogMulticlass(), new AdaGrad(0.1), 10, -1, minibatch, 1);
    trainer.setShuffle(false);
    return String.format(Locale.ROOT, "%.3f", trainer.train(data)
        .predict(new ArrayExample<>(new Label("a"), new String[] {"x"}, new double[] {1}))
        .getOutputScores().get("a").getScore());
  }
}
JAVA
mvn -B -q dependency:copy-dependencies -DoutputDirectory=lib >&2
seen=$("${JAVA_HOME:+$JAVA_HOME/bin/}java" -cp 'lib/*' Finding.java 2>/dev/null)
printf '%s\n' "$seen"
[[ $seen == 'weight 0.0 of those that contradict: probability of a in minibatches of 1 0.973, of 20 0.500
weight 1.0 of those that contradict: probability of a in minibatches of 1 0.497, of 20 0.500
first update of a gradient of 10 with the weights 1 and 0: AdaGrad 0.100 and 0.000, Adam 0.010 and 0.010' ]]
