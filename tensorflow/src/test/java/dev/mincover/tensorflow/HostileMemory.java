package dev.mincover.tensorflow;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.mincover.AverageSwap;
import dev.mincover.average.Average;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Parameter;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Variable;
import org.tensorflow.types.TFloat32;

/** What ends a JVM if memory is not handled with care; the first argument says which. */
final class HostileMemory {

  private static final Sm3 SM3 = Sm3.learningRate(0.1);
  private static final int SIDE = 2048;

  private HostileMemory() {}

  public static void main(String[] arguments) throws Exception {
    switch (arguments[0]) {
      case "closed" -> stepAfterTheSessionIsClosed();
      case "swapped" -> weightsComeBackAfterTheSessionIsClosed();
      case "moved" -> weightsThatMove();
      case "large" -> moreThanABufferHolds();
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  private static Variable<TFloat32> ones(Ops tf, long... shape) {
    return tf.withName("w").variable(tf.fill(tf.constant(shape), tf.constant(1f)));
  }

  private static void stepAfterTheSessionIsClosed() throws Exception {
    Graph graph = new Graph();
    Ops tf = Ops.create(graph);
    Variable<TFloat32> w = ones(tf, SIDE, SIDE);
    Session session = new Session(graph);
    SessionOptimizer optimizer =
        SessionOptimizer.bind(SM3, session, tf.reduceSum(w, tf.constant(new int[] {0, 1})), 2);
    optimizer.step(session.runner()).close();
    Session.Runner late = session.runner();
    session.close();
    refused(() -> optimizer.step(late).close());
    Path file = Files.createTempFile("mincover", ".safetensors");
    refused(() -> optimizer.save(file));
    refused(() -> optimizer.load(file));
    Files.delete(file);
    optimizer.close();
    optimizer.close();
    refused(() -> optimizer.step(late).close());
    graph.close();
  }

  private interface Work {
    void run() throws Exception;
  }

  private static void refused(Work work) throws Exception {
    try {
      work.run();
    } catch (IllegalStateException expected) {
      System.out.println("refused");
    }
  }

  private static void weightsComeBackAfterTheSessionIsClosed() {
    for (int i = 0; i < 10; i++) {
      Graph graph = new Graph();
      Ops tf = Ops.create(graph);
      Variable<TFloat32> w = ones(tf, SIDE, SIDE);
      Session session = new Session(graph);
      SessionOptimizer optimizer =
          SessionOptimizer.bind(
              SM3.average(Average.polyak(0.5)),
              session,
              tf.reduceSum(w, tf.constant(new int[] {0, 1})),
              2);
      optimizer.step(session.runner()).close();
      AverageSwap swap = optimizer.swapInAverage();
      session.close(); // The memory would be given back to the system here.
      graph.close();
      if (i % 2 == 0) {
        swap.close();
      }
      optimizer.close();
    }
    System.out.println("put back");
  }

  /** An assignment of another shape gives a variable other memory, and so does the way back. */
  private static void weightsThatMove() {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Variable<TFloat32> w = ones(tf, SIDE, SIDE);
      var small =
          tf.assign(
              w, tf.constant(new float[] {1}), org.tensorflow.op.core.Assign.validateShape(false));
      var large =
          tf.assign(
              w,
              tf.fill(tf.constant(new int[] {SIDE, SIDE}), tf.constant(3f)),
              org.tensorflow.op.core.Assign.validateShape(false));
      try (Session session = new Session(graph);
          SessionOptimizer optimizer =
              SessionOptimizer.bind(
                  SM3, session, tf.reduceSum(w, tf.constant(new int[] {0, 1})), 2)) {
        optimizer.step(session.runner()).close();
        long before = address(optimizer);
        session.run(small);
        try {
          optimizer.step(session.runner()).close();
        } catch (IllegalArgumentException | IllegalStateException expected) {
          System.out.println("another shape: " + expected.getMessage());
        }
        session.run(large);
        optimizer.step(session.runner()).close();
        System.out.println(
            "moved "
                + (before != address(optimizer))
                + ", steps "
                + optimizer.core().steps()
                + ", w "
                + Graphs.fetch(session, w)[SIDE * SIDE - 1]);
      }
    }
  }

  private static long address(SessionOptimizer optimizer) {
    return weights(optimizer).address();
  }

  private static MemorySegment weights(SessionOptimizer optimizer) {
    for (Parameter parameter : optimizer.core().parameters()) {
      return parameter.weights();
    }
    throw new AssertionError();
  }

  private static void moreThanABufferHolds() {
    long rows = (1L << 31) / (4 * 8192) + 3;
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Variable<TFloat32> w = ones(tf, rows, 8192);
      try (Session session = new Session(graph);
          SessionOptimizer optimizer =
              SessionOptimizer.bind(
                  SM3, session, tf.reduceSum(w, tf.constant(new int[] {0, 1})), 2)) {
        try (Result result = optimizer.step(session.runner())) {
          MemorySegment memory = weights(optimizer);
          float first = memory.get(JAVA_FLOAT_UNALIGNED, 0);
          float last = memory.get(JAVA_FLOAT_UNALIGNED, memory.byteSize() - 4);
          System.out.println(
              "%,d bytes of %d tensors, from %s to %s"
                  .formatted(memory.byteSize(), result.size(), first, last));
        }
      }
    }
  }
}
