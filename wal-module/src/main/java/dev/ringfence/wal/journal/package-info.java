/** What happened to every job: the events, their encoding, their chain of hashes, and the fold that rebuilds the jobs. */
@NullMarked
package dev.ringfence.wal.journal;

import org.jspecify.annotations.NullMarked;
