/** What a training needs to know of its task. Each task has a package of its own. */
@NullMarked
package dev.mincover.lab.task;

import org.jspecify.annotations.NullMarked;
