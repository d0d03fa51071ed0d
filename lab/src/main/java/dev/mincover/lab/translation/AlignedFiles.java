package dev.mincover.lab.translation;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mincover.lab.common.UserError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads the user's own sentences; {@link ParallelText#files} documents the rules. */
final class AlignedFiles {
  /** One in this many pairs is held out. */
  private static final int HELD_OUT = 20;

  private static final String MEANING =
      "line n of one must be the translation of line n of the other";

  private AlignedFiles() {}

  static ParallelText read(Path source, Path target) {
    List<Pair> pairs = pairs(source, lines(source), target, lines(target));
    var training = new ArrayList<Pair>();
    var validation = new ArrayList<Pair>();
    split(pairs, training, validation);
    if (training.isEmpty()) {
      throw new UserError(
          "%s has too few sentences: none can be held out of %d with the same text; give at least 2"
                  .formatted(source, pairs.size())
              + " different ones");
    }
    return new ParallelText(
        training,
        validation,
        "%s of %s and %s; validation on %s held out"
            .formatted(count(training), source, target, count(validation)));
  }

  private static String count(List<Pair> pairs) {
    return pairs.size() == 1 ? "1 pair" : pairs.size() + " pairs";
  }

  private static List<Pair> pairs(
      Path source, List<String> sources, Path target, List<String> targets) {
    if (sources.size() != targets.size()) {
      throw new UserError(
          "%s has %d lines and %s has %d; %s"
              .formatted(source, sources.size(), target, targets.size(), MEANING));
    }
    var pairs = new ArrayList<Pair>();
    String from = String.valueOf(source.getFileName());
    for (int i = 0; i < sources.size(); i++) {
      String sentence = sources.get(i);
      String translation = targets.get(i);
      if (sentence.isEmpty() != translation.isEmpty()) {
        Path empty = sentence.isEmpty() ? source : target;
        throw new UserError(
            "line %d of %s is empty, that of %s is not; fill it, or take the line out of both files"
                .formatted(i + 1, empty, sentence.isEmpty() ? target : source));
      }
      if (!sentence.isEmpty()) {
        pairs.add(new Pair(sentence, translation, from));
      }
    }
    if (pairs.isEmpty()) {
      throw new UserError(
          "no sentences in %s and %s; name files with one sentence a line"
              .formatted(source, target));
    }
    return pairs;
  }

  /** Holds pairs out whenever they are, with those held out before, one in 20 of all so far. */
  private static void split(List<Pair> pairs, List<Pair> training, List<Pair> validation) {
    Map<String, List<Pair>> groups = new LinkedHashMap<>();
    for (Pair pair : pairs) {
      groups.computeIfAbsent(pair.source(), _ -> new ArrayList<>()).add(pair);
    }
    int seen = 0;
    List<Pair> smallest = List.of();
    for (List<Pair> group : groups.values()) {
      seen += group.size();
      boolean held = (long) HELD_OUT * (validation.size() + group.size()) <= seen;
      (held ? validation : training).addAll(group);
      if (smallest.isEmpty() || group.size() <= smallest.size()) {
        smallest = group;
      }
    }
    if (validation.isEmpty()) {
      validation.addAll(smallest);
      String source = smallest.getFirst().source();
      training.removeIf(pair -> pair.source().equals(source));
    }
  }

  /** The lines without white space at their ends; only a line feed ends one, as in WMT's files. */
  private static List<String> lines(Path file) {
    byte[] bytes = bytes(file);
    var lines = new ArrayList<String>();
    int start = 0;
    while (start < bytes.length) {
      int end = start;
      while (end < bytes.length && bytes[end] != '\n') {
        end++;
      }
      try {
        // A decoder of its own each time: unlike a String's, it refuses what is not UTF-8.
        String line =
            UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, start, end - start)).toString();
        lines.add(SentenceText.strip(lines.isEmpty() ? withoutMark(line) : line));
      } catch (CharacterCodingException e) {
        throw new UserError(
            "%s is not UTF-8 (line %d); convert it, for instance with:"
                    .formatted(file, lines.size() + 1)
                + " iconv -f ISO-8859-1 -t UTF-8 '%s' > converted.txt".formatted(file));
      }
      start = end + 1;
    }
    return lines;
  }

  private static String withoutMark(String line) {
    return line.startsWith("\uFEFF") ? line.substring(1) : line;
  }

  private static byte[] bytes(Path file) {
    try {
      if (Files.size(file) > Integer.MAX_VALUE - 8) {
        throw new UserError("%s is larger than 2 GiB; name a part of it".formatted(file));
      }
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UserError("cannot read " + file, e);
    }
  }
}
