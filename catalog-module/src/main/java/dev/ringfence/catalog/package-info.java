/** Models, agents' grants and sandbox profiles as immutable values, and the TOML they come from. */
@NullMarked
package dev.ringfence.catalog;

import org.jspecify.annotations.NullMarked;
