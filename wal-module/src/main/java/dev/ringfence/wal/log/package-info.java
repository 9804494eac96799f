/**
 * Bytes that survive: an append-only log in segments, with group commit and recovery.
 *
 * <h2>Format, version 1</h2>
 *
 * A directory holds {@code log.lock} (the pid of its user), segments, and what recoveries cut off. A segment's file name
 * is its number in 20 digits and {@code .wal}; the first is 1. Once older ones were discarded there is
 * {@code log.start}, a copy of the header of the segment that the log begins with: that one and all after it must be
 * there. While a file is made it ends in {@code .tmp}; {@code next.tmp} is the next segment, full of zeros. All numbers are
 * big-endian; every checksum is CRC-32C. A segment has its full size, filled with zeros, from the start.
 *
 * <pre>
 * segment header, 64 bytes
 *  0  8  magic "RINGFWAL"
 *  8  4  format version
 * 12  4  zero
 * 16  8  segment number
 * 24  8  sequence number of the first record
 * 32  8  size of the file
 * 40  4  link: checksum of the last frame of the segment before, or of its header if it has none; 0 in segment 1
 * 44 16  zero
 * 60  4  checksum of bytes 0 to 59
 *
 * frame, at a multiple of 8
 *  0  4  length of the payload, at least 1; a 0 here and from here to the end of the file ends the records
 *  4  4  mark: checksum of the header's checksum (4 bytes), the frame's offset in the file (8), and bytes 0 to 3 and 8
 *        to 27 of the frame. It depends on no other frame, so a frame is recognised also behind a damaged one
 *  8  8  sequence number, one more than that of the record before, also across segments
 * 16  8  time in milliseconds since 1970
 * 24  4  place in its group: 0 for the first record of a write, 1 for the second, …
 * 28  4  checksum of: the checksum of the frame before (of the header for the first), bytes 0 to 27, payload, padding
 * 32     payload, then zeros up to a multiple of 8
 * </pre>
 *
 * The length and its mark share eight aligned bytes, so no disk tears them apart. Magic, version and the header's
 * checksum keep their places in every version; a log with a newer version is refused, not guessed at.
 *
 * <p>The records of a group are written with one call and synced before the next group is written. So behind the end of
 * the intact records of the last segment, frames of the same group are remains of a write that never finished: a torn
 * tail. A frame of a later group proves that the damaged one had been acknowledged: that is damage.
 */
@NullMarked
package dev.ringfence.wal.log;

import org.jspecify.annotations.NullMarked;
