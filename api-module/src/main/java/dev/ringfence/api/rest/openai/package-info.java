/** OpenAI's API over HTTP: its requests as jobs, and their answers in the forms that its clients expect. */
@NullMarked
package dev.ringfence.api.rest.openai;

import org.jspecify.annotations.NullMarked;
