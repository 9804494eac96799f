/** A job's one road from submission to its end, with its admission, its events and its recovery. */
@NullMarked
package dev.ringfence.api.job;

import org.jspecify.annotations.NullMarked;
