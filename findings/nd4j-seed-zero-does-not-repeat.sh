#!/usr/bin/env bash
# Package: ND4J 1.0.0-M2.1 (org.nd4j:nd4j-native 1.0.0-M2.1, linux-x86_64).
# Expected: after Nd4j.getRandom().setSeed(s) the same numbers are drawn, whatever s is.
# Seen: the seed 0 stands for the time in milliseconds: numbers differ from one call to the next. Every
#   seed that is given as an array is 0, since setSeed(int[]) multiplies a 0 by the array's elements:
#   setSeed(new int[] {1, 2}) never repeats, and getSeed() says 0 afterwards. Seeds other than 0,
#   negative ones included, repeat.
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
    <dependency><groupId>org.nd4j</groupId><artifactId>nd4j-native</artifactId><version>1.0.0-M2.1</version></dependency>
    <dependency><groupId>org.nd4j</groupId><artifactId>nd4j-native</artifactId><version>1.0.0-M2.1</version>
      <classifier>linux-x86_64</classifier></dependency>
  </dependencies>
</project>
POM
cat > Finding.java <<'JAVA'
import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

class Finding {
  public static void main(String[] arguments) throws InterruptedException {
    for (long seed : new long[] {1, -1, 0}) {
      print("seed " + seed, () -> Nd4j.getRandom().setSeed(seed));
    }
    print("seed {1, 2}", () -> Nd4j.getRandom().setSeed(new int[] {1, 2}));
    System.out.println("getSeed() " + Nd4j.getRandom().getSeed());
  }

  static void print(String what, Runnable seed) throws InterruptedException {
    seed.run();
    float[] first = Nd4j.randn(DataType.FLOAT, 8).data().asFloat();
    Thread.sleep(20);
    seed.run();
    float[] second = Nd4j.randn(DataType.FLOAT, 8).data().asFloat();
    System.out.println(what + (Arrays.equals(first, second) ? ": repeats" : ": differs"));
  }
}
JAVA
mvn -B -q dependency:copy-dependencies -DoutputDirectory=lib >&2
seen=$("${JAVA_HOME:+$JAVA_HOME/bin/}java" -cp 'lib/*' Finding.java 2>/dev/null)
printf '%s\n' "$seen"
[[ $seen == 'seed 1: repeats
seed -1: repeats
seed 0: differs
seed {1, 2}: differs
getSeed() 0' ]]
