package dev.mincover.lab.catalogue;

import dev.mincover.tensor.Shape;

/**
 * A named tensor of a model.
 *
 * @param name as in the model's published files
 * @param shape its dimensions
 * @param first number of the model's weights before it
 */
public record TensorShape(String name, Shape shape, long first) {}
