/**
 * What happened to every job, and what someone did beside: the events, their encoding, their chain of hashes, and the fold
 * that rebuilds the jobs.
 *
 * <p>The log below is the only truth. Snapshots and index are made from it, and made again when they are damaged, missing,
 * or of another version. All numbers are big-endian; checksums are CRC-32C; texts are UTF-8.
 *
 * <h2>Record of the log, version 1</h2>
 *
 * 32 bytes: the SHA-256 hash of the record before, with its own hash in it; zeros in the first record. Then the event, a
 * JSON object whose {@code v} is 1.
 *
 * <h2>Snapshot, version 1: {@code snapshots/<sequence, 20 digits>.snapshot}</h2>
 *
 * Lines of JSON, each ended by a line feed:
 *
 * <pre>
 * head   {"format":"ringfence-snapshot","version":1,"sequence":…,"sha256":…,"first_sequence":…,
 *         "live":N,"ended":M,"index":["….idx",…]}
 *        sequence of the last event it covers, the hash of that event's record, the oldest event kept then
 * N      {"first":…,"last":…,"attempts":…,"started_ms":…,"tier":…,"submission":{…}}   a live job; its submission as stored
 * M      {"row":"…"}                                      an ended job that is in no file of the index: a row, in Base64
 * last   {"crc32c":"…"}                                   checksum of all bytes before this line, in 8 hexadecimal digits
 * </pre>
 *
 * <h2>File of the index, version 1: {@code index/<sequence, 20 digits>.idx}</h2>
 *
 * <pre>
 * header, 16 bytes:  8 "RINGFIDX", 4 version, 4 zero
 * blocks:            rows, each with its length (4) before it; then the checksum of the rows (4)
 * tail:              8 the newest submission's sequence, 4 number of blocks,
 *                    for each block: 8 first submission's sequence, 4 offset, 4 length with the checksum;
 *                    4 length of the Bloom filter, then its bits: ids, and agents with idempotency keys
 * footer, 16 bytes:  4 length of the tail, 4 checksum of the tail, 8 "RINGFIDX"
 *
 * row:  8 first sequence, 8 sequence of the end, 8 last sequence, 8 submitted, 8 started, 8 ended (milliseconds since 1970,
 *       Long.MIN_VALUE for never), 8 deadline in milliseconds, 4 attempts, 4 retries, 1 rolled back;
 *       texts with their length (4, -1 for none) before them: id, agent, session, capability, profile, idempotency key,
 *       nothing (a hash of the request in older rows), state, tier, reason, message; 4 number of blobs, each: name, hash
 *       (texts), 8 length
 * </pre>
 *
 * Rows stand in the order of their submissions. The name is the sequence of the event with which the file became full. Of
 * several rows of a job the one with the highest last sequence counts.
 *
 * <h2>Blob: {@code blobs/<SHA-256, 64 hexadecimal digits>}</h2>
 *
 * The bytes, and nothing else.
 */
@NullMarked
package dev.ringfence.wal.journal;

import org.jspecify.annotations.NullMarked;
