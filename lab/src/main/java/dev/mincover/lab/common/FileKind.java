package dev.mincover.lab.common;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a file is that is called safetensors and is not: recognised by its first bytes. */
final class FileKind {

  private static final int LOOKED_AT = 512;

  private static final Pattern LFS_SIZE = Pattern.compile("(?m)^size ([0-9]{1,18})$");

  private FileKind() {}

  /** What the file is and what to do, in words that follow its name; empty if it is not known. */
  static Optional<String> of(Path file) {
    String start;
    try (InputStream in = Files.newInputStream(file)) {
      start = new String(in.readNBytes(LOOKED_AT), ISO_8859_1);
    } catch (IOException _) {
      return Optional.empty();
    }
    if (start.startsWith("version https://git-lfs")) {
      Matcher size = LFS_SIZE.matcher(start);
      return Optional.of(
          "is a Git LFS pointer, not the file%s that it stands for; run 'git lfs pull' where it was cloned"
              .formatted(size.find() ? " of " + size.group(1) + " bytes" : ""));
    }
    if (start.startsWith("PK\u0003\u0004") || start.startsWith("\u0080\u0002")) {
      return Optional.of(
          "is a pickle as torch.save writes it, not a safetensors file; convert it with safetensors.torch.save_file");
    }
    if (start.startsWith("GGUF")) {
      return Optional.of("is a GGUF file, not a safetensors file; name the model's safetensors");
    }
    if (start.startsWith("\0\0\0\0", 4)) {
      return Optional.empty(); // The length of a header, which may look like a letter.
    }
    String text = start.stripLeading();
    if (text.startsWith("<")) {
      return Optional.of(
          "is a web page, not a safetensors file; a download has gone wrong, fetch it again");
    }
    if (text.startsWith("{")) {
      return Optional.of(
          "is JSON, not a safetensors file; an index of shards ends in .safetensors.index.json");
    }
    return Optional.empty();
  }
}
