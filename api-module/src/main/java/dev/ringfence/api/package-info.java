/** Ties the modules into one service. */
@NullMarked
package dev.ringfence.api;

import org.jspecify.annotations.NullMarked;
