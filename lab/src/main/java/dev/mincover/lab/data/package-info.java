/** Text to learn from, batches of it, and a baseline to beat. Knows no tensor engine. */
@NullMarked
package dev.mincover.lab.data;

import org.jspecify.annotations.NullMarked;
