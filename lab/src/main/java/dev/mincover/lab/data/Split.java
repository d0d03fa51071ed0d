package dev.mincover.lab.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Texts parted into what is learned from and what is held out; {@link Corpus#files} documents the
 * rules.
 *
 * @param how what was held out, in words
 */
@SuppressWarnings("ArrayRecordComponent") // Made and taken apart at once.
record Split(byte[] training, byte[] validation, String how) {
  private static final double HELD_OUT = 0.05;

  static Split of(List<byte[]> texts) {
    List<List<Integer>> groups = new Copies(texts).groups();
    boolean[] isHeldOut = wholeGroups(texts, groups);
    int copies = texts.size() - groups.size();
    String note = copies == 0 ? "" : "; " + inWords(copies) + "on the same side";
    long length = texts.stream().mapToLong(text -> text.length).sum();
    long heldOut = 0;
    var training = new ArrayList<byte[]>();
    var validation = new ArrayList<byte[]>();
    for (int i = 0; i < isHeldOut.length; i++) {
      byte[] text = texts.get(i);
      (isHeldOut[i] ? validation : training).add(text);
      heldOut += isHeldOut[i] ? text.length : 0;
    }
    if (heldOut >= HELD_OUT / 2 * length) {
      String held = Texts.count(validation.size(), "file") + " held out";
      return new Split(Texts.join(training), Texts.join(validation), held + note);
    }
    byte[] all = Texts.join(texts);
    int cut = cut(all);
    return partsCopies(texts, groups, cut)
        ? endOfEach(texts, groups, copies)
        : new Split(
            Arrays.copyOf(all, cut),
            Arrays.copyOfRange(all, cut, all.length),
            "the end held out" + note);
  }

  /** For each text whether its group is held out: as long as that is the share of what was met. */
  private static boolean[] wholeGroups(List<byte[]> texts, List<List<Integer>> groups) {
    var isHeldOut = new boolean[texts.size()];
    long seen = 0;
    long heldOut = 0;
    for (List<Integer> group : groups) {
      long length = group.stream().mapToLong(text -> texts.get(text).length).sum();
      seen += length;
      if (heldOut + length <= HELD_OUT * seen) {
        heldOut += length;
        group.forEach(text -> isHeldOut[text] = true);
      }
    }
    return isHeldOut;
  }

  /** Where in a text what is held out of it begins. */
  private static int cut(byte[] text) {
    return text.length - (int) (HELD_OUT * text.length);
  }

  /** Whether a cut through the joined texts leaves a copy before it of what comes after it. */
  private static boolean partsCopies(List<byte[]> texts, List<List<Integer>> groups, int cut) {
    var ends = new long[texts.size()];
    long end = -1; // Before the first text there is no line end.
    for (int i = 0; i < ends.length; i++) {
      end += 1 + texts.get(i).length;
      ends[i] = end;
    }
    return groups.stream()
        .filter(group -> group.size() > 1)
        .anyMatch(group -> {
          int first = group.getFirst();
          return ends[group.getLast()] > cut && ends[first] - texts.get(first).length < cut;
        });
  }

  /**
   * Trains on none of the ends, since the end of a text is that of its copies; is judged by the end
   * of the longest text of each group, since once is enough.
   */
  private static Split endOfEach(List<byte[]> texts, List<List<Integer>> groups, int copies) {
    List<byte[]> training = texts.stream().map(text -> Arrays.copyOf(text, cut(text))).toList();
    List<byte[]> validation =
        groups.stream()
            .map(group -> longest(texts, group))
            .map(text -> Arrays.copyOfRange(text, cut(text), text.length))
            .filter(end -> end.length > 0)
            .toList();
    return new Split(
        Texts.join(training),
        Texts.join(validation),
        "the end of each file held out; " + inWords(copies) + "their ends left out");
  }

  private static String inWords(int copies) {
    return copies == 1
        ? "1 file is a copy of another or nearly one, "
        : copies + " files are copies of others or nearly so, ";
  }

  private static byte[] longest(List<byte[]> texts, List<Integer> group) {
    return group.stream()
        .map(texts::get)
        .max(Comparator.comparingInt(text -> text.length))
        .orElseThrow();
  }
}
