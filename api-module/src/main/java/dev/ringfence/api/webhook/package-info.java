/** Webhooks: telling an operator's servers of the ends of jobs, as Standard Webhooks has it. */
@NullMarked
package dev.ringfence.api.webhook;

import org.jspecify.annotations.NullMarked;
