#!/usr/bin/env bash
# Package: com.github.tjake:jlama-core 0.8.4, its reader of safetensors files.
# Expected: a tensor of shape [3] in the file is a tensor of one axis when it is loaded.
# Seen: it is a tensor of two axes, [1, 3]; the header that the same object gives still says [3]. A reader
#   that finds a bias by its rank, or compares shapes with the file's, goes wrong without an error.
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
    <dependency><groupId>com.github.tjake</groupId><artifactId>jlama-core</artifactId><version>0.8.4</version></dependency>
  </dependencies>
</project>
POM
cat > Finding.java <<'JAVA'
import com.github.tjake.jlama.safetensors.SafeTensorSupport;
import com.github.tjake.jlama.safetensors.Weights;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

class Finding {
  public static void main(String[] arguments) throws Exception {
    byte[] header = "{\"bias\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}}     ".getBytes();
    ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + 12).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(header.length).put(header).putFloat(1).putFloat(2).putFloat(3);
    Path file = Files.write(Path.of("bias.safetensors"), bytes.array());
    try (FileChannel channel = FileChannel.open(file)) {
      ByteBuffer mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
      Weights weights = SafeTensorSupport.readWeights(mapped.order(ByteOrder.LITTLE_ENDIAN));
      var bias = weights.load("bias");
      System.out.println("header " + Arrays.toString(weights.tensorInfoMap().get("bias").shape)
          + ", loaded with " + bias.dims() + " axes: " + bias.shape().first() + " by " + bias.shape().last());
    }
  }
}
JAVA
mvn -B -q dependency:copy-dependencies -DoutputDirectory=lib >&2
seen=$("${JAVA_HOME:+$JAVA_HOME/bin/}java" --add-modules jdk.incubator.vector -cp 'lib/*' Finding.java 2>/dev/null)
printf '%s\n' "$seen"
[[ $seen == 'header [3], loaded with 2 axes: 1 by 3' ]]
