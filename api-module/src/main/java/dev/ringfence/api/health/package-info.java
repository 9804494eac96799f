/** What the platform asks: started, ready, live. */
@NullMarked
package dev.ringfence.api.health;

import org.jspecify.annotations.NullMarked;
