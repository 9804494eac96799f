@NullMarked
package dev.ringfence.api.cli;

import org.jspecify.annotations.NullMarked;
