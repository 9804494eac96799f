@NullMarked
package dev.ringfence.runner.fence.egress;

import org.jspecify.annotations.NullMarked;
