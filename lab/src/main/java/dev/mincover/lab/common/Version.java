package dev.mincover.lab.common;

import picocli.CommandLine.IVersionProvider;

/** The version of this software, which the build writes into the jar. */
public final class Version implements IVersionProvider {

  /** Called by picocli. */
  public Version() {}

  /** Returns the version, such as {@code 0.1.0}; {@code development} outside a jar. */
  public static String number() {
    String version = Version.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  @Override
  public String[] getVersion() {
    return new String[] {"Mincover " + number()};
  }
}
