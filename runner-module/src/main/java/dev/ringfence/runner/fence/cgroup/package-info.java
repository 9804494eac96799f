/** Control groups of the kernel, version 1 and 2: limits for one job's tree, and what it used. */
@NullMarked
package dev.ringfence.runner.fence.cgroup;

import org.jspecify.annotations.NullMarked;
