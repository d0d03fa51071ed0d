package dev.mincover.tensorflow;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.reflect.Field;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Session;

/**
 * The runs of a session, which must not overlap what Java does to the variables' memory. A session
 * counts its runs under a lock, but gives no access to either; this class takes it by reflection.
 * While it holds the lock, runs of other threads wait before they begin.
 */
final class SessionRuns {

  private static final Logger LOGGER = System.getLogger(SessionRuns.class.getName());

  private static final @Nullable Field LOCK = field("nativeHandleLock", Object.class);
  private static final @Nullable Field ACTIVE = field("numActiveRuns", int.class);

  private final Session session;

  SessionRuns(Session session) {
    this.session = session;
  }

  private static @Nullable Field field(String name, Class<?> type) {
    try {
      Field field = Session.class.getDeclaredField(name);
      if (field.getType() == type && field.trySetAccessible()) {
        return field;
      }
    } catch (NoSuchFieldException _) {
      // Another version of TensorFlow-Java.
    }
    LOGGER.log(
        Level.WARNING,
        "runs that overlap a step are not detected: Session.{0} is out of reach; open the package org.tensorflow to the module dev.mincover.tensorflow by --add-opens, and let no other thread run the session during a step",
        name);
    return null;
  }

  /**
   * Does what reads or writes the variables' memory while no run is active.
   *
   * @throws IllegalStateException if a run is active now; nothing was done
   */
  <T> T apart(Supplier<T> work) {
    Field lock = LOCK;
    Field active = ACTIVE;
    if (lock == null || active == null) {
      return work.get();
    }
    try {
      synchronized (lock.get(session)) {
        int runs = active.getInt(session);
        if (runs > 0) {
          throw new IllegalStateException(
              "%d runs of this session are active on other threads, and would see or overwrite weights in the middle of a step; wait for them to end first"
                  .formatted(runs));
        }
        return work.get();
      }
    } catch (IllegalAccessException impossible) {
      throw new AssertionError(impossible);
    }
  }
}
