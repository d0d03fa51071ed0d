/** The threads that share a step, and the working memory of each. Not exported. */
@NullMarked
package dev.mincover.internal.thread;

import org.jspecify.annotations.NullMarked;
