/**
 * libtorch itself: its settings for the process, the switches that choose its code for the
 * processor, and its own optimizers, with which Mincover's are compared.
 */
@NullMarked
package dev.mincover.lab.libtorch;

import org.jspecify.annotations.NullMarked;
