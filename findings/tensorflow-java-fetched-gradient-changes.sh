#!/usr/bin/env bash
# Package: TensorFlow-Java 1.1.0 (org.tensorflow:tensorflow-core-api, tensorflow-framework,
#   tensorflow-core-native linux-x86_64).
# Expected: a gradient that a run has fetched keeps its values, whatever later runs do.
# Seen: of the loss sum(w * u) the fetched gradient of w is the memory of the variable u itself. It changes
#   when u is assigned later, without an error, and what is written to it is written to u. So does the
#   fetched variable. Where the loss is multiplied by a number, the gradient is computed, and keeps its
#   values. Copy what is to be kept before the next run.
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
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.types.TFloat32;

class Finding {
  static void look(float factor) {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      var w = tf.withName("w").variable(tf.constant(new float[] {2, 2}));
      var u = tf.withName("u").variable(tf.constant(new float[] {3, 3}));
      Operand<TFloat32> loss = tf.reduceSum(tf.math.mul(w, u), tf.constant(0));
      if (factor != 1) {
        loss = tf.math.mul(loss, tf.constant(factor));
      }
      Output<?> gradient = graph.addGradients(loss.asOutput(), new Output<?>[] {w.asOutput()})[0];
      var assign = tf.assign(u, tf.constant(new float[] {7, 7}));
      try (Session session = new Session(graph);
          var result = session.runner().fetch(gradient).run()) {
        TFloat32 fetched = (TFloat32) result.get(0);
        float before = fetched.getFloat(0);
        session.run(assign);
        System.out.println(factor + " * sum(w * u): gradient " + before + ", later " + fetched.getFloat(0));
      }
    }
  }

  public static void main(String[] arguments) {
    look(1);
    look(2);
  }
}
JAVA
mvn -B -q dependency:copy-dependencies -DoutputDirectory=lib >&2
seen=$("${JAVA_HOME:+$JAVA_HOME/bin/}java" -cp 'lib/*' Finding.java 2>/dev/null)
printf '%s\n' "$seen"
[[ $seen == '1.0 * sum(w * u): gradient 3.0, later 7.0
2.0 * sum(w * u): gradient 6.0, later 6.0' ]]
