@NullMarked
package dev.ringfence.runner.process;

import org.jspecify.annotations.NullMarked;
