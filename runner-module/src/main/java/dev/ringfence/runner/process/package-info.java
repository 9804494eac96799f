/** Starts, feeds, drains, stops and measures whole process trees; all native calls are here. */
@NullMarked
package dev.ringfence.runner.process;

import org.jspecify.annotations.NullMarked;
