/** Files in the safetensors format: read, written, and their headers alone. */
@NullMarked
package dev.mincover.lab.safetensors;

import org.jspecify.annotations.NullMarked;
