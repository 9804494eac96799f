@NullMarked
package dev.ringfence.runner.fence.seccomp;

import org.jspecify.annotations.NullMarked;
