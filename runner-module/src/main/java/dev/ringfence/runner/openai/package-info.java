/** OpenAI's API as requests to models: what of it is taken, and what is refused or passed over. */
@NullMarked
package dev.ringfence.runner.openai;

import org.jspecify.annotations.NullMarked;
