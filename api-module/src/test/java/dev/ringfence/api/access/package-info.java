@NullMarked
package dev.ringfence.api.access;

import org.jspecify.annotations.NullMarked;
