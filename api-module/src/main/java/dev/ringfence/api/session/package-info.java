/** Sessions: named groups of an agent's jobs. */
@NullMarked
package dev.ringfence.api.session;

import org.jspecify.annotations.NullMarked;
