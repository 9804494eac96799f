/** What operators and auditors see of the journal, the same on the command line and over HTTP. */
@NullMarked
package dev.ringfence.api.journal;

import org.jspecify.annotations.NullMarked;
