/** Language models on JavaCPP PyTorch. */
@NullMarked
package dev.mincover.lab.model;

import org.jspecify.annotations.NullMarked;
