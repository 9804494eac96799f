/** Control groups of version 2, in a kernel of their own. */
@org.jspecify.annotations.NullMarked
package dev.ringfence.runner.fence.cgroup;
