package dev.mincover.lab.memory;

import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The files that hold the weights of one model: a folder may hold them in shards with an index, in
 * several versions, and beside files that hold something else.
 *
 * @param files to read, in the order of their names
 * @param index which tensor is in which file; empty if there is no index, and all tensors count
 * @param notes what a person should know of the choice, a sentence each
 */
record WeightFiles(List<Path> files, Map<String, Path> index, List<String> notes) {

  private static final String SUFFIX = ".safetensors";
  private static final String INDEX_SUFFIX = SUFFIX + ".index.json";
  private static final String USUAL = "model" + SUFFIX;

  /** Such as {@code model-00001-of-00002.safetensors}. */
  private static final Pattern SHARD =
      Pattern.compile("(.*)-([0-9]{5})-of-([0-9]{5})\\.safetensors");

  /** What a run of ours, or a trainer, leaves beside the weights. */
  private static final Pattern NO_WEIGHTS =
      Pattern.compile("(statistics|optimizer|scheduler|scaler|random_states.*)\\.safetensors");

  WeightFiles {
    files = List.copyOf(files);
    index = Collections.unmodifiableMap(index); // No copy: it may name a million tensors.
    notes = List.copyOf(notes);
  }

  /**
   * The files of a path.
   *
   * @param path a safetensors file, an index of shards, or a folder
   * @throws UserError if there are none, some are missing, or it cannot be told which are meant
   */
  static WeightFiles of(Path path) {
    if (path.toString().endsWith(INDEX_SUFFIX)) {
      return indexed(path, List.of());
    }
    if (!Files.isDirectory(path)) {
      Matcher shard = SHARD.matcher(name(path));
      boolean part = shard.matches() && Integer.parseInt(shard.group(3)) > 1;
      List<String> notes =
          part
              ? List.of(
                  "this file is one of %d shards; name the folder or the index for the whole model"
                      .formatted(Integer.parseInt(shard.group(3))))
              : List.of();
      return new WeightFiles(List.of(path), Map.of(), notes);
    }
    List<Path> all = entries(path);
    List<Path> indices = all.stream().filter(file -> name(file).endsWith(INDEX_SUFFIX)).toList();
    List<Path> weights = all.stream().filter(file -> name(file).endsWith(SUFFIX)).toList();
    if (!indices.isEmpty()) {
      return indexed(only(path, "indices", indices, "model" + INDEX_SUFFIX), weights);
    }
    if (weights.isEmpty()) {
      throw new UserError("%s holds no %s file; name one".formatted(path, SUFFIX));
    }
    List<Path> candidates =
        weights.stream().filter(file -> !NO_WEIGHTS.matcher(name(file)).matches()).toList();
    Map<String, List<Path>> shards = shards(candidates);
    List<Path> chosen;
    if (candidates.stream().anyMatch(file -> name(file).equals(USUAL))) {
      chosen = List.of(path.resolve(USUAL));
    } else if (!shards.isEmpty()) {
      chosen = whole(path, shards);
    } else {
      chosen = candidates.isEmpty() ? weights : candidates;
    }
    return new WeightFiles(chosen, Map.of(), notes(chosen, weights));
  }

  private static List<Path> entries(Path folder) {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.sorted().toList();
    } catch (IOException e) {
      throw new UserError("cannot read " + folder, e);
    }
  }

  private static String name(Path file) {
    return String.valueOf(file.getFileName());
  }

  private static Path only(Path folder, String what, List<Path> files, String usual) {
    return files.stream()
        .filter(file -> files.size() == 1 || name(file).equals(usual))
        .findFirst()
        .orElseThrow(() ->
            new UserError(
                "%s holds several %s, %s; name one of them"
                    .formatted(
                        folder,
                        what,
                        Names.listed(files.stream().map(WeightFiles::name).toList(), "and"))));
  }

  private static WeightFiles indexed(Path index, List<Path> beside) {
    Map<String, Path> byTensor = ShardIndex.read(index);
    List<Path> files = byTensor.values().stream().distinct().sorted().toList();
    List<String> missing =
        files.stream().filter(file -> !Files.isRegularFile(file)).map(WeightFiles::name).toList();
    if (!missing.isEmpty()) {
      throw new UserError(
          "%s names %s, which %s not there; fetch the missing shards"
              .formatted(index, Names.listed(missing, "and"), missing.size() == 1 ? "is" : "are"));
    }
    return new WeightFiles(files, byTensor, notes(files, beside));
  }

  /** Shards by the name that they share. */
  private static Map<String, List<Path>> shards(Collection<Path> files) {
    Map<String, List<Path>> shards = new TreeMap<>();
    for (Path file : files) {
      Matcher shard = SHARD.matcher(name(file));
      if (shard.matches()) {
        String group = "%s-*-of-%s%s".formatted(shard.group(1), shard.group(3), SUFFIX);
        shards.computeIfAbsent(group, _ -> new ArrayList<>()).add(file);
      }
    }
    return shards;
  }

  private static List<Path> whole(Path folder, Map<String, List<Path>> shards) {
    String group =
        shards.keySet().stream()
            .filter(name -> shards.size() == 1 || name.startsWith("model-"))
            .findFirst()
            .orElseThrow(() ->
                new UserError(
                    "%s holds several sets of shards, %s; name the files of one"
                        .formatted(folder, Names.listed(List.copyOf(shards.keySet()), "and"))));
    List<Path> files = shards.getOrDefault(group, List.of());
    Matcher last = SHARD.matcher(name(files.getLast()));
    int count = last.matches() ? Integer.parseInt(last.group(3)) : files.size();
    if (files.size() < count) {
      throw new UserError(
          "%s holds %d of the %d shards %s; fetch the others, or name one file"
              .formatted(folder, files.size(), count, group));
    }
    return files;
  }

  /** Which files are taken and which are not, where that could surprise. */
  private static List<String> notes(List<Path> taken, List<Path> all) {
    List<String> left =
        all.stream().filter(file -> !taken.contains(file)).map(WeightFiles::name).toList();
    if (left.isEmpty()) {
      return List.of();
    }
    List<String> names = taken.stream().map(WeightFiles::name).toList();
    return List.of(
        "taken %s; not taken %s"
            .formatted(
                names.size() <= 3
                    ? Names.listed(names, "and")
                    : "%s to %s (%d files)"
                        .formatted(names.getFirst(), names.getLast(), names.size()),
                Names.listed(left.stream().map(WeightFiles::why).toList(), "and")));
  }

  private static String why(String name) {
    return name
        + (NO_WEIGHTS.matcher(name).matches()
            ? " (no weights of the model)"
            : " (other files hold the model)");
  }
}
