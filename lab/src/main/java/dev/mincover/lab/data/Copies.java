package dev.mincover.lab.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * Finds texts that are copies of others, in full or nearly, in time linear in their length.
 *
 * <p>A text is known by hashes of its windows, the stretches of {@value #WINDOW} bytes at every
 * place of it. Blanks and line ends are passed over, so that a copy may be indented otherwise or
 * come from another system. A text goes with another if four fifths of its windows occur in others:
 * with the one that has most of them, where a window counts the less the more texts have it, so
 * that a licence which all begin with does not decide. Which windows are looked at depends on their
 * hashes alone, so that copies are looked at in the same places.
 */
final class Copies {
  private static final int WINDOW = 32;

  /** Windows that are looked at in all texts together, about. */
  private static final int LOOKED_AT = 1 << 19;

  /** Of fewer windows many may be shared by chance: such texts are copies only in full. */
  private static final int FEW = 8;

  /** Windows that others have, of a copy. It may be a text in a larger one, or that with less. */
  private static final double SHARED = 0.8;

  private static final long FACTOR = 0x9E3779B97F4A7C15L;

  /** FACTOR to the power of WINDOW, by which a byte has been multiplied when it leaves. */
  private static final long LEAVING = power();

  /** The text that each text goes with: the first of its group, at most its own index. */
  private final int[] first;

  Copies(List<byte[]> texts) {
    first = IntStream.range(0, texts.size()).toArray();
    long total = texts.stream().mapToLong(text -> text.length).sum();
    long oneIn = Math.max(1, Long.highestOneBit(total / LOOKED_AT) << 1);
    List<long[]> windows = texts.stream().map(text -> windows(text, oneIn)).toList();
    Map<Long, Integer> counts = new HashMap<>();
    windows.forEach(of -> Arrays.stream(of).forEach(hash -> counts.merge(hash, 1, Integer::sum)));
    joinFullCopies(texts);
    List<Integer> order = IntStream.range(0, texts.size()).boxed().toList();
    joinNearCopies(windows, counts, order);
    joinNearCopies(windows, counts, order.reversed());
  }

  /** The groups, each as indices of texts in rising order, in the order of their first texts. */
  List<List<Integer>> groups() {
    Map<Integer, List<Integer>> groups = new LinkedHashMap<>();
    for (int i = 0; i < first.length; i++) {
      groups.computeIfAbsent(find(i), _ -> new ArrayList<>()).add(i);
    }
    return List.copyOf(groups.values());
  }

  private void joinFullCopies(List<byte[]> texts) {
    Map<Long, Integer> known = new HashMap<>();
    for (int i = 0; i < texts.size(); i++) {
      Integer same = known.putIfAbsent(hash(texts.get(i)), i);
      if (same != null) {
        join(same, i);
      }
    }
  }

  /** Joins texts to earlier ones in the order. */
  private void joinNearCopies(
      List<long[]> windows, Map<Long, Integer> counts, List<Integer> order) {
    Map<Long, Integer> owners = new HashMap<>();
    for (int i : order) {
      long[] own = windows.get(i);
      Map<Integer, Double> votes = new HashMap<>();
      int shared = 0;
      for (long window : own) {
        Integer owner = owners.putIfAbsent(window, i);
        if (owner != null) {
          votes.merge(owner, 1.0 / counts.getOrDefault(window, 1), Double::sum);
          shared++;
        }
      }
      if (own.length >= FEW && shared >= SHARED * own.length) {
        join(Collections.max(votes.entrySet(), Map.Entry.comparingByValue()).getKey(), i);
      }
    }
  }

  private void join(int a, int b) {
    int rootA = find(a);
    int rootB = find(b);
    first[Math.max(rootA, rootB)] = Math.min(rootA, rootB);
  }

  private int find(int text) {
    while (first[text] != text) {
      first[text] = first[first[text]];
      text = first[text];
    }
    return text;
  }

  /** The different hashes of one window in so many. */
  private static long[] windows(byte[] text, long oneIn) {
    LongStream.Builder hashes = LongStream.builder();
    byte[] ring = new byte[WINDOW];
    int seen = 0;
    long hash = 0;
    for (byte b : text) {
      if (isBlank(b)) {
        continue;
      }
      int at = seen++ & (WINDOW - 1);
      hash = hash * FACTOR + (b + 129L) - LEAVING * (seen > WINDOW ? ring[at] + 129L : 0);
      ring[at] = b;
      if (seen >= WINDOW) {
        long mixed = mix(hash);
        if ((mixed & (oneIn - 1)) == 0) {
          hashes.add(mixed);
        }
      }
    }
    return hashes.build().distinct().toArray();
  }

  private static long hash(byte[] text) {
    long hash = 1;
    for (byte b : text) {
      hash = isBlank(b) ? hash : hash * FACTOR + (b + 129L);
    }
    return mix(hash);
  }

  private static boolean isBlank(byte b) {
    return b >= 0 && b <= ' ';
  }

  /** Spreads a polynomial's value over all bits. */
  private static long mix(long hash) {
    long mixed = (hash ^ (hash >>> 32)) * 0xD6E8FEB86659FD93L;
    return mixed ^ (mixed >>> 32);
  }

  private static long power() {
    long power = 1;
    for (int i = 0; i < WINDOW; i++) {
      power *= FACTOR;
    }
    return power;
  }
}
