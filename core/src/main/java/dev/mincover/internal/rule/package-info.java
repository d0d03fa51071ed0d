/**
 * What an optimizer does to one tensor: SM3, Adam and Adafactor, and the one place where a recipe
 * becomes a rule. Not exported.
 */
@NullMarked
package dev.mincover.internal.rule;

import org.jspecify.annotations.NullMarked;
