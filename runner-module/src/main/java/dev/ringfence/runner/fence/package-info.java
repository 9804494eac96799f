/** Turns a sandbox profile and a host into a fence that the kernel enforces, and says by which means. */
@NullMarked
package dev.ringfence.runner.fence;

import org.jspecify.annotations.NullMarked;
