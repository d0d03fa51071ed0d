package dev.mincover.lab.image;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mincover.lab.common.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A package of npm that is data. It is fetched when it is first needed, so that nobody who does not
 * need it needs npm.
 *
 * @param name of the package
 * @param version exactly
 */
record NpmPackage(String name, String version) {

  private static final int MINUTES = 5;

  /**
   * Returns the package's folder, after fetching it if it is not there.
   *
   * @param home where packages are kept
   * @throws UserError if it cannot be fetched
   */
  Path in(Path home) {
    Path folder = home.resolve("node_modules").resolve(name);
    if (!Files.isRegularFile(folder.resolve("package.json"))) {
      fetch(home);
    }
    return folder;
  }

  private void fetch(Path home) {
    boolean windows = System.getProperty("os.name").startsWith("Windows");
    List<String> command =
        List.of(
            windows ? "npm.cmd" : "npm",
            "install",
            "--prefix",
            home.toString(),
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--no-save",
            name + "@" + version);
    try {
      Files.createDirectories(home);
      Path log = Files.createTempFile("mincover-npm", ".log");
      try {
        Process process =
            new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
          process.destroy();
          throw failure("npm took longer than %d minutes".formatted(MINUTES));
        }
        if (process.exitValue() != 0) {
          String said =
              Files.readString(log, UTF_8)
                  .lines()
                  .filter(line -> !line.isBlank())
                  .findFirst()
                  .orElse("nothing");
          throw failure("npm ended with %d: %s".formatted(process.exitValue(), said));
        }
      } finally {
        Files.deleteIfExists(log);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failure("interrupted while npm ran");
    } catch (IOException e) {
      throw failure("npm does not start; install it, as a part of Node.js");
    }
  }

  private UserError failure(String why) {
    return new UserError("cannot fetch the npm package %s %s: %s".formatted(name, version, why));
  }
}
