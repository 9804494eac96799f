@NullMarked
package dev.ringfence.api.rest.openai;

import org.jspecify.annotations.NullMarked;
