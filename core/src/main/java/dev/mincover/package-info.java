/** x. */
package dev.mincover;
