#!/usr/bin/env bash
# Package: Tribuo 4.3.2 (org.tribuo:tribuo-classification-sgd 4.3.2).
# Expected: a trainer takes the same data with minibatchSize 2 as with minibatchSize 1.
# Seen: with minibatches, two kinds of valid data end the training with a ClassCastException.
#   - A factorisation machine over sparse features never trains: FMParameters.merge reads the gradient
#     of the bias (index 0, a DenseVector) where it should read that of the tensor it merges.
#   - A linear model trains or fails by the order of its examples. An example that has every feature
#     becomes a DenseVector and its gradient a DenseMatrix. If the first example of a minibatch is
#     sparse, and a later one is dense, LinearParameters.merge casts it to DenseSparseMatrix. Tables
#     with a few missing values are such data, and the trainer shuffles them.
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
import java.util.logging.Level;
import java.util.logging.Logger;
import org.tribuo.MutableDataset;
import org.tribuo.Trainer;
import org.tribuo.classification.Label;
import org.tribuo.classification.LabelFactory;
import org.tribuo.classification.sgd.fm.FMClassificationTrainer;
import org.tribuo.classification.sgd.linear.LinearSGDTrainer;
import org.tribuo.classification.sgd.objectives.LogMulticlass;
import org.tribuo.impl.ArrayExample;
import org.tribuo.math.optimisers.AdaGrad;
import org.tribuo.provenance.SimpleDataSourceProvenance;

class Finding {
  public static void main(String[] arguments) {
    Logger.getLogger("org.tribuo").setLevel(Level.OFF);
    MutableDataset<Label> sparse = data();
    add(sparse, "a", "x");
    add(sparse, "b", "y");
    MutableDataset<Label> sparseFirst = data();
    add(sparseFirst, "a", "x");
    add(sparseFirst, "b", "x", "y");
    MutableDataset<Label> denseFirst = data();
    add(denseFirst, "b", "x", "y");
    add(denseFirst, "a", "x");
    for (int minibatch = 1; minibatch <= 2; minibatch++) {
      System.out.println("minibatch " + minibatch
          + ": factorisation machine " + outcome(new FMClassificationTrainer(new LogMulticlass(),
              new AdaGrad(0.1), 1, -1, minibatch, 1, 2, 0.1), sparse)
          + ", linear, sparse first " + outcome(linear(minibatch), sparseFirst)
          + ", linear, dense first " + outcome(linear(minibatch), denseFirst));
    }
  }

  static LinearSGDTrainer linear(int minibatch) {
    LinearSGDTrainer trainer =
        new LinearSGDTrainer(new LogMulticlass(), new AdaGrad(0.1), 1, -1, minibatch, 1);
    trainer.setShuffle(false);
    return trainer;
  }

  static String outcome(Trainer<Label> trainer, MutableDataset<Label> data) {
    try {
      trainer.train(data);
      return "trained";
    } catch (ClassCastException e) {
      return "ClassCastException";
    }
  }

  static MutableDataset<Label> data() {
    LabelFactory factory = new LabelFactory();
    return new MutableDataset<>(new SimpleDataSourceProvenance("finding", OffsetDateTime.MIN, factory), factory);
  }

  static void add(MutableDataset<Label> data, String label, String... features) {
    double[] ones = new double[features.length];
    java.util.Arrays.fill(ones, 1);
    data.add(new ArrayExample<>(new Label(label), features, ones));
  }
}
JAVA
mvn -B -q dependency:copy-dependencies -DoutputDirectory=lib >&2
seen=$("${JAVA_HOME:+$JAVA_HOME/bin/}java" -cp 'lib/*' Finding.java 2>/dev/null)
printf '%s\n' "$seen"
[[ $seen == 'minibatch 1: factorisation machine trained, linear, sparse first trained, linear, dense first trained
minibatch 2: factorisation machine ClassCastException, linear, sparse first ClassCastException, linear, dense first trained' ]]
