package dev.mincover.lab.data;

import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/** The files of a corpus that hold no text for a model over bytes, and why. */
final class SkippedFiles {
  private final Map<WideEncoding, Files> wide = new EnumMap<>(WideEncoding.class);
  private int binary;

  /** Those in one encoding. */
  private record Files(int count, Path first, WideEncoding.Found found) {}

  /** Whether the file is one, which is then remembered. */
  boolean skips(Path file, byte[] text) {
    Optional<WideEncoding.Found> found = WideEncoding.of(text);
    if (found.isPresent()) {
      wide.merge(
          found.get().encoding(),
          new Files(1, file, found.get()),
          (old, more) -> new Files(old.count() + more.count(), old.first(), old.found()));
      return true;
    }
    for (byte b : text) {
      if (b == 0) {
        binary++;
        return true;
      }
    }
    return false;
  }

  /** What follows in the description of a corpus; empty if there are none. */
  String note() {
    StringBuilder note = new StringBuilder();
    if (binary > 0) {
      note.append("; %s skipped".formatted(Texts.count(binary, "binary file")));
    }
    wide.values()
        .forEach(files ->
            note.append(
                "; %s in %s skipped, which '%s' converts"
                    .formatted(
                        Texts.count(files.count(), "file"),
                        files.found().title(),
                        files.found().conversion("FILE"))));
    return note.toString();
  }

  /** What follows in the complaint that there is no other file. */
  String remedy() {
    if (wide.isEmpty()) {
      return note() + "; name a text file that is not empty";
    }
    Files files = wide.values().iterator().next();
    if (files.count() > 1 || wide.size() > 1 || binary > 0) {
      return note() + "; name converted files";
    }
    String name = "'" + files.first() + "'";
    return "; %s is %s; convert it with: %s > text.txt"
        .formatted(files.first(), files.found().title(), files.found().conversion(name));
  }
}
