@NullMarked
package dev.ringfence.runner.telemetry;

import org.jspecify.annotations.NullMarked;
