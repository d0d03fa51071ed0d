package dev.mincover.lab.common;

import java.nio.file.Path;

/** Where the build puts what the command line needs besides its classes. */
public final class Home {

  private Home() {}

  /**
   * Returns a folder of data.
   *
   * @param name of the folder
   * @param remedy what a user without the launcher can do
   * @throws UserError if the launcher did not start this process
   */
  public static Path folder(String name, String remedy) {
    String home = System.getProperty("mincover.home");
    if (home == null) {
      throw new UserError("no default data without the launcher; " + remedy);
    }
    return Path.of(home, name);
  }
}
