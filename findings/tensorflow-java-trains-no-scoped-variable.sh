#!/usr/bin/env bash
# Package: TensorFlow-Java 1.1.0 (org.tensorflow:tensorflow-core-api, tensorflow-framework,
#   tensorflow-core-native linux-x86_64).
# Expected: Adam trains a variable that was made in a scope, by Ops.withSubScope, as any other: scopes are
#   how the library names the variables of a layer.
# Seen: minimize throws IllegalArgumentException "invalid name: 'layer/w-m'", since the name of the
#   optimizer's state starts with the variable's, and no name that is given may hold the slash that scopes
#   put into it. The gradients have been added to the graph by then. AdaGrad and Momentum throw alike;
#   GradientDescent, which has no state, trains.
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
    <dependency><groupId>org.tensorflow</groupId><artifactId>tensorflow-framework</artifactId><version>1.1.0</version></dependency>
    <dependency><groupId>org.tensorflow</groupId><artifactId>tensorflow-core-native</artifactId><version>1.1.0</version>
      <classifier>linux-x86_64</classifier></dependency>
  </dependencies>
</project>
POM
cat > Finding.java <<'JAVA'
import org.tensorflow.Graph;
import org.tensorflow.Session;
import org.tensorflow.framework.optimizers.*;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

class Finding {
  interface Maker { Optimizer make(Graph graph); }

  static void train(String what, boolean scoped, Maker maker) {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Ops layer = scoped ? tf.withSubScope("layer") : tf;
      var w = layer.withName("w").variable(tf.constant(new float[] {1, 2}));
      Op train = maker.make(graph).minimize(tf.reduceSum(tf.math.mul(w, w), tf.constant(0)));
      try (Session session = new Session(graph)) {
        session.run(train);
        try (var result = session.runner().fetch(w).run()) {
          System.out.println(what + ": trained " + w.op().name());
        }
      }
    } catch (IllegalArgumentException e) {
      System.out.println(what + ": " + e.getMessage().split(" does")[0]);
    }
  }

  public static void main(String[] arguments) {
    train("Adam, no scope", false, graph -> new Adam(graph, 0.1f));
    train("Adam", true, graph -> new Adam(graph, 0.1f));
    train("AdaGrad", true, graph -> new AdaGrad(graph, 0.1f));
    train("Momentum", true, graph -> new Momentum(graph, 0.1f));
    train("GradientDescent", true, graph -> new GradientDescent(graph, 0.1f));
  }
}
JAVA
mvn -B -q dependency:copy-dependencies -DoutputDirectory=lib >&2
seen=$("${JAVA_HOME:+$JAVA_HOME/bin/}java" -cp 'lib/*' Finding.java 2>/dev/null)
printf '%s\n' "$seen"
[[ $seen == "Adam, no scope: trained w
Adam: invalid name: 'layer/w-m'
AdaGrad: invalid name: 'layer/w-accumulator'
Momentum: invalid name: 'layer/w-momentum'
GradientDescent: trained layer/w" ]]
