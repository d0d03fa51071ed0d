/**
 * The command line {@code mincover}. {@link dev.mincover.lab.Mincover} starts a command of {@code
 * command}, which reads its options from {@code option} and calls the package of the same name:
 * {@code train}, {@code compare}, {@code report}, {@code inspect}, {@code bench}, {@code memory} or
 * {@code replay}. These share {@code statistics}, {@code run}, {@code optimizer}, {@code model},
 * {@code libtorch}, {@code data}, {@code safetensors}, {@code catalogue} and {@code common}, each
 * of which depends only on packages named after it.
 */
@NullMarked
package dev.mincover.lab;

import org.jspecify.annotations.NullMarked;
