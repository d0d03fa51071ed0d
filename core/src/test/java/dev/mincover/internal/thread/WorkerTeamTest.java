package dev.mincover.internal.thread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.internal.storage.NativeMemory;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkerTeamTest {

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5})
  void everyJobRunsOnce(int threads) {
    try (NativeMemory memory = new NativeMemory();
        var workers = new WorkerTeam(threads, memory)) {
      for (int count : new int[] {0, 1, 2, 3, 100}) {
        for (int round = 0; round < 200; round++) {
          var runs = new AtomicIntegerArray(count);
          workers.run(
              count,
              (index, worker) -> {
                assertThat(worker).isBetween(0, threads - 1);
                runs.incrementAndGet(index);
              });
          for (int i = 0; i < count; i++) {
            assertThat(runs.get(i)).isEqualTo(1);
          }
        }
      }
    }
  }

  @Test
  void failureReachesTheCallerAndTheTeamGoesOn() {
    try (NativeMemory memory = new NativeMemory();
        var workers = new WorkerTeam(3, memory)) {
      assertThatThrownBy(() ->
              workers.run(
                  10,
                  (index, _) -> {
                    if (index == 7) {
                      throw new IllegalArgumentException("seven");
                    }
                  }))
          .hasMessageContaining("seven");
      var runs = new AtomicIntegerArray(10);
      workers.run(10, (index, _) -> runs.incrementAndGet(index));
      assertThat(runs.toString()).isEqualTo("[1, 1, 1, 1, 1, 1, 1, 1, 1, 1]");
    }
  }

  @Test
  void closingEndsTheThreads() {
    try (NativeMemory memory = new NativeMemory()) {
      var workers = new WorkerTeam(4, memory);
      workers.run(4, (_, _) -> {});
      workers.close();
    }
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(thread -> thread.getName().startsWith("mincover-"));
  }
}
