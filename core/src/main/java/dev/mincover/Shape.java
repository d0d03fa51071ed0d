package dev.mincover;

/** Probe. */
public final class Shape {
  private Shape() {}
}
