/** The named operations that agents see: each says its schema and uses a runner. */
@NullMarked
package dev.ringfence.runner.capability;

import org.jspecify.annotations.NullMarked;
