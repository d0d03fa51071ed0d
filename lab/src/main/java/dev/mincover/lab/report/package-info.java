/**
 * {@code mincover report} without its options: runs side by side, as one HTML page and as PNG
 * pictures. The charts are data for ECharts; the page's own files lie next to the classes.
 */
@NullMarked
package dev.mincover.lab.report;

import org.jspecify.annotations.NullMarked;
