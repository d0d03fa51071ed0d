/** What a training run leaves behind: metrics, summary and weights. Knows no tensor engine. */
@NullMarked
package dev.mincover.lab.run;

import org.jspecify.annotations.NullMarked;
