package dev.ringfence.wal.log;

/**
 * A file of a log.
 *
 * @param number of the segment, one more than that of the segment before
 * @param firstSequence of its first record; the last one is the one before the next segment's first
 * @param bytes of the file, taken from the disk when it was made
 */
public record Segment(long number, long firstSequence, long bytes) {}
