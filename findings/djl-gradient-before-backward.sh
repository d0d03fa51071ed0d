#!/usr/bin/env bash
# Package: DJL 0.36.0 (ai.djl:api, ai.djl.pytorch:pytorch-engine 0.36.0, pytorch-jni 2.7.1-0.36.0,
#   pytorch-native-cpu 2.7.1 linux-x86_64).
# Expected: NDArray.getGradient() of an array that requires a gradient is one array, whose values can
#   be set before the first backward pass, or an error says that there is none yet.
# Seen: until a backward pass has reached the array, every call returns new zeros in other memory. What
#   is written there is lost without an error, and the next backward pass does not add to it. Afterwards
#   all calls return the same memory. Comparing the addresses of two calls tells the two states apart,
#   which hasGradient() does not: it is true in both.
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
    <dependency><groupId>ai.djl.pytorch</groupId><artifactId>pytorch-engine</artifactId><version>0.36.0</version></dependency>
    <dependency><groupId>ai.djl.pytorch</groupId><artifactId>pytorch-jni</artifactId><version>2.7.1-0.36.0</version></dependency>
    <dependency><groupId>ai.djl.pytorch</groupId><artifactId>pytorch-native-cpu</artifactId><version>2.7.1</version>
      <classifier>linux-x86_64</classifier></dependency>
  </dependencies>
</project>
POM
cat > Finding.java <<'JAVA'
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;

class Finding {
  public static void main(String[] arguments) {
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray weights = manager.create(new float[] {1, 2, 3});
      weights.setRequiresGradient(true);
      NDArray held = weights.getGradient();
      held.addi(7);
      System.out.println("before: hasGradient " + weights.hasGradient() + ", written " + held.getFloat(0)
          + ", read again " + weights.getGradient().getFloat(0));
      try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
        collector.backward(weights.sum());
      }
      System.out.println("backward: held " + held.getFloat(0) + ", read " + weights.getGradient().getFloat(0));
      weights.getGradient().addi(7);
      System.out.println("after: hasGradient " + weights.hasGradient() + ", read again "
          + weights.getGradient().getFloat(0));
    }
  }
}
JAVA
mvn -B -q dependency:copy-dependencies -DoutputDirectory=lib >&2
seen=$(OPT_OUT_TRACKING=true DJL_OFFLINE=true DJL_CACHE_DIR="$folder/cache" \
  "${JAVA_HOME:+$JAVA_HOME/bin/}java" -cp 'lib/*' Finding.java 2>/dev/null)
printf '%s\n' "$seen"
[[ $seen == 'before: hasGradient true, written 7.0, read again 0.0
backward: held 7.0, read 1.0
after: hasGradient true, read again 8.0' ]]
