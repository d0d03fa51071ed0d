package dev.mincover.lab.translation;

/**
 * A sentence and its translation.
 *
 * @param source the sentence to translate, in English by default
 * @param target its translation, in French by default
 * @param from where the pair was found: the name of a product, or of a file
 */
public record Pair(String source, String target, String from) {}
