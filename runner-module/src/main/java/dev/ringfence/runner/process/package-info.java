/** Starts, feeds, drains, stops and measures whole process trees; the only place that calls the kernel and blocks. */
@NullMarked
package dev.ringfence.runner.process;

import org.jspecify.annotations.NullMarked;
