/**
 * A tensor as rows: which axes pick a row and which lie along it, which rows a step visits, and how
 * threads share them. Not exported.
 */
@NullMarked
package dev.mincover.internal.rows;

import org.jspecify.annotations.NullMarked;
