/**
 * SM3 for <a href="https://tribuo.org">Tribuo</a>: {@link dev.mincover.tribuo.Sm3Optimiser} takes
 * the place of Tribuo's own optimisers in the trainers of linear models and factorisation machines.
 */
@NullMarked
package dev.mincover.tribuo;

import org.jspecify.annotations.NullMarked;
