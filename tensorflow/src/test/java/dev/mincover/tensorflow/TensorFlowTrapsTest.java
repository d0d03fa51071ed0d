package dev.mincover.tensorflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import dev.mincover.testkit.Forked;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.tensorflow.Graph;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Variable;
import org.tensorflow.types.TFloat32;

/** Where TensorFlow-Java surprises, and what becomes of it here. */
class TensorFlowTrapsTest {

  /** A run that waits for an element of a queue is active for as long as a test wants. */
  @Test
  @Timeout(60)
  void aStepIsRefusedWhileARunIsActive() throws Exception {
    try (Graph graph = new Graph();
        ExecutorService other = Executors.newSingleThreadExecutor()) {
      Ops tf = Ops.create(graph);
      Variable<TFloat32> w = Graphs.variable(tf, "w", new float[] {1, 2}, 2);
      var loss = tf.reduceSum(w, tf.constant(0));
      var queue = tf.io.fifoQueue(List.of(TFloat32.class));
      var enqueue = tf.io.queueEnqueue(queue, List.of(tf.constant(1f)));
      var dequeue = tf.io.queueDequeue(queue, List.of(TFloat32.class));
      try (Session session = new Session(graph);
          SessionOptimizer optimizer =
              SessionOptimizer.bind(Sm3.learningRate(0.1), session, loss, 1)) {
        Future<?> waiting = other.submit(() -> session.run(dequeue));
        IllegalStateException refused = null;
        while (refused == null) { // Until the other thread's run has begun.
          try {
            optimizer.step(session.runner()).close();
          } catch (IllegalStateException expected) {
            refused = expected;
          }
        }
        assertThat(refused).hasMessageContaining("1 runs of this session are active");
        float[] before = Graphs.fetch(session, w);
        long steps = optimizer.core().steps();
        assertThatThrownBy(() -> optimizer.step(session.runner()))
            .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> optimizer.swapInAverage())
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("active");
        assertThat(Graphs.fetch(session, w)).containsExactly(before);
        assertThat(optimizer.core().steps()).isEqualTo(steps);
        session.run(enqueue);
        waiting.get();
        optimizer.step(session.runner()).close();
        assertThat(optimizer.core().steps()).isEqualTo(steps + 1);
      }
    }
  }

  /** The schedule is asked in the middle of a step. */
  @Test
  @Timeout(60)
  void aRunThatBeginsDuringAStepWaitsForItsEnd() throws Exception {
    try (Graph graph = new Graph();
        ExecutorService other = Executors.newSingleThreadExecutor()) {
      Ops tf = Ops.create(graph);
      Variable<TFloat32> w = Graphs.variable(tf, "w", new float[] {1}, 1);
      AtomicReference<Future<float[]>> reading = new AtomicReference<>();
      AtomicReference<Session> opened = new AtomicReference<>();
      Schedule schedule =
          _ -> {
            CountDownLatch begun = new CountDownLatch(1);
            reading.set(
                other.submit(() -> {
                  begun.countDown();
                  return Graphs.fetch(opened.get(), w);
                }));
            try {
              begun.await();
              Thread.sleep(200);
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
            return reading.get().isDone() ? 0 : 0.5;
          };
      try (Session session = new Session(graph)) {
        opened.set(session);
        try (SessionOptimizer optimizer =
            SessionOptimizer.bind(
                Sm3.learningRate(schedule), session, tf.reduceSum(w, tf.constant(0)), 1)) {
          optimizer.step(session.runner()).close();
          assertThat(reading.get().get(30, TimeUnit.SECONDS)).containsExactly(0.5f);
        }
      }
    }
  }

  /** TensorFlow flushes subnormal numbers to zero, so that a gradient may have the square 0. */
  @Test
  void aGradientWhoseSquareIsSubnormalMovesNothingInTheGraph() {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Variable<TFloat32> w = Graphs.variable(tf, "w", new float[] {1, 1}, 2);
      var gradient = tf.placeholder(TFloat32.class);
      Sm3 recipe = Sm3.learningRate(0.5);
      Sm3Optimizer sm3 = new Sm3Optimizer(graph, recipe);
      var train = sm3.applyGradients(List.of(Graphs.pair(gradient, w)), "train");
      try (Session session = new Session(graph);
          TFloat32 tiny = Graphs.tensor(new float[] {1e-20f, 1e-15f}, 2);
          var rate = sm3.rate(1)) {
        session.runner().feed(sm3.rate(), rate).feed(gradient, tiny).addTarget(train).run();
        assertThat(Graphs.fetch(session, w)).containsExactly(1, 0.5f);
      }
      try (Session session = new Session(graph);
          SessionOptimizer optimizer =
              SessionOptimizer.bind(
                  recipe, session, List.of(Graphs.pair(gradient, w)), List.of(), 1);
          TFloat32 tiny = Graphs.tensor(new float[] {1e-20f, 1e-15f}, 2)) {
        optimizer.step(session.runner().feed(gradient, tiny)).close();
        // The square 1e-40 has 17 bits.
        assertThat(Graphs.fetch(session, w)[0])
            .isCloseTo(0.5f, org.assertj.core.api.Assertions.within(1e-5f));
        assertThat(Graphs.fetch(session, w)[1]).isEqualTo(0.5f);
      }
    }
  }

  @Test
  void twoVariablesThatShareMemoryAreNotMade() {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      var values =
          tf.withInitScope()
              .random
              .truncatedNormal(tf.withInitScope().constant(new int[] {9}), TFloat32.class);
      var a = tf.withName("a").variable(Shape.of(9), TFloat32.class);
      var b = tf.withName("b").variable(Shape.of(9), TFloat32.class);
      tf.withInitScope().assign(a, values);
      tf.withInitScope().assign(b, values);
      var loss = tf.reduceSum(tf.math.add(a, b), tf.constant(0));
      try (Session session = new Session(graph);
          SessionOptimizer optimizer =
              SessionOptimizer.bind(Sm3.learningRate(0.5), session, loss, 1)) {
        float[] before = Graphs.fetch(session, a);
        optimizer.step(session.runner()).close();
        for (String name : List.of("a", "b")) {
          float[] after = Graphs.fetch(session, name);
          for (int i = 0; i < after.length; i++) {
            assertThat(after[i]).isEqualTo(before[i] - 0.5f);
          }
        }
      }
    }
  }

  @Test
  void memoryOfAClosedSessionIsNotTouched() throws IOException, InterruptedException {
    assertThat(Forked.run(HostileMemory.class, "closed").lines().filter("refused"::equals))
        .hasSize(4);
    assertThat(Forked.run(HostileMemory.class, "swapped")).contains("put back");
  }

  @Test
  void aVariableThatMovesIsFollowed() throws IOException, InterruptedException {
    assertThat(Forked.run(HostileMemory.class, "moved"))
        .contains("another shape: ")
        .contains("moved true, steps 2, w 2.9");
  }

  /** Takes 5 GiB. */
  @Test
  @Tag("soak")
  void variablesOfMoreThanTwoGibibytesAreStepped() throws IOException, InterruptedException {
    assertThat(Forked.run(HostileMemory.class, "large"))
        .contains("2,147,581,952 bytes of 2 tensors, from 0.9 to 0.9");
  }
}
