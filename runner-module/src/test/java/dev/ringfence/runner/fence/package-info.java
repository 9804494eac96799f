@NullMarked
package dev.ringfence.runner.fence;

import org.jspecify.annotations.NullMarked;
