/** What the kernel tells of the host's load, and the guard that keeps new jobs out while it is too high. */
@NullMarked
package dev.ringfence.runner.telemetry;

import org.jspecify.annotations.NullMarked;
