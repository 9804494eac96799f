/**
 * A small map that survives crashes, on a log of its own: for what must be kept beside the journal and is no event of a
 * job.
 *
 * <p>Each record is a JSON object: {@code {"key": …, "value": {…}}} for an entry that was put, {@code {"key": …}} for one
 * that was removed. The last record of a key holds. When most records hold no more, all entries are written once more,
 * in pieces, and then the segments before them are given up.
 */
@NullMarked
package dev.ringfence.wal.map;

import org.jspecify.annotations.NullMarked;
