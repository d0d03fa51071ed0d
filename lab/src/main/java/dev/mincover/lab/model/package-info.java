/**
 * The language model that the lab trains, on libtorch tensors: its layers, initial weights, file
 * and generated text.
 */
@NullMarked
package dev.mincover.lab.model;

import org.jspecify.annotations.NullMarked;
