/** Who calls: API keys, tokens of an identity provider, and what follows from them. Knows nothing of HTTP. */
@NullMarked
package dev.ringfence.api.access;

import org.jspecify.annotations.NullMarked;
