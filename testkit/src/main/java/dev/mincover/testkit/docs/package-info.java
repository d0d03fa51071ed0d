/**
 * The pages of the documentation, for the tests that hold them against the code: their Java blocks
 * compile, and their links lead somewhere.
 */
@NullMarked
package dev.mincover.testkit.docs;

import org.jspecify.annotations.NullMarked;
