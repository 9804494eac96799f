@NullMarked
package dev.ringfence.api;

import org.jspecify.annotations.NullMarked;
