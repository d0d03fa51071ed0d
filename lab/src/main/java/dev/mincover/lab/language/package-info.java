/** The task {@code lm}: a GPT learns to write text, a byte after the other. */
@NullMarked
package dev.mincover.lab.language;

import org.jspecify.annotations.NullMarked;
