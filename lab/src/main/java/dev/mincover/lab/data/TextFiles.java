package dev.mincover.lab.data;

import static java.util.stream.Collectors.joining;

import dev.mincover.lab.common.ByteCount;
import dev.mincover.lab.common.UserError;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Reads the user's own text; {@link Corpus#files} documents the rules. */
final class TextFiles {
  private TextFiles() {}

  static Corpus read(List<Path> paths) {
    String names = paths.stream().map(Path::toString).collect(joining(", "));
    var texts = new ArrayList<byte[]>();
    var skipped = new SkippedFiles();
    long total = 0;
    for (Path file : find(paths)) {
      byte[] text = read(file, Texts.MAX_LENGTH - total);
      if (!skipped.skips(file, text) && text.length > 0) {
        texts.add(text);
        total += text.length + 1L;
      }
    }
    if (texts.isEmpty()) {
      throw new UserError("the corpus is empty: no text in " + names + skipped.remedy());
    }
    Split split = Split.of(texts);
    return new Corpus(
        split.training(),
        split.validation(),
        "%s of %s (%s); validation on %s, %s%s"
            .formatted(
                Texts.count(texts.size(), "file"),
                names,
                ByteCount.format(split.training().length),
                ByteCount.format(split.validation().length),
                split.how(),
                skipped.note()));
  }

  /** All files in reading order; a set, lest a file named twice be both trained on and held out. */
  private static Set<Path> find(List<Path> paths) {
    var files = new LinkedHashSet<Path>();
    for (Path path : paths) {
      try {
        if (!Files.isDirectory(path)) {
          files.add(Files.isRegularFile(path) ? path.toRealPath() : path);
          continue;
        }
        var inside = new ArrayList<Path>();
        Path root = path.toRealPath();
        Files.walkFileTree(root, new VisibleFiles(root, inside));
        Collections.sort(inside);
        for (Path file : inside) {
          files.add(file.toRealPath());
        }
      } catch (IOException e) {
        throw unreadable(path, e);
      }
    }
    return files;
  }

  /** Collects regular files, and links to such, outside hidden directories. */
  private static final class VisibleFiles extends SimpleFileVisitor<Path> {
    private final Path root;
    private final List<Path> files;

    VisibleFiles(Path root, List<Path> files) {
      this.root = root;
      this.files = files;
    }

    @Override
    public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
        throws IOException {
      // The root was named by the user, so it is wanted even if hidden.
      boolean hidden = !directory.equals(root) && Files.isHidden(directory);
      return hidden ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      if (!Files.isHidden(file) && Files.isRegularFile(file)) {
        files.add(file);
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException cause) {
      throw unreadable(file, cause);
    }
  }

  private static byte[] read(Path file, long room) {
    try {
      if (Files.size(file) > room) {
        throw new UserError(
            "the corpus is larger than 2 GiB, met at %s; name fewer files".formatted(file));
      }
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static UserError unreadable(Path path, IOException cause) {
    return new UserError("cannot read corpus " + path, cause);
  }
}
