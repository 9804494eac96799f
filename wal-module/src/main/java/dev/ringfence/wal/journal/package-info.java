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
 *                    4 length of the Bloom filter in bytes, at least 8, then the filter
 * footer, 16 bytes:  4 length of the tail, 4 checksum of the tail, 8 "RINGFIDX"
 *
 * row:  8 first sequence, 8 sequence of the end, 8 last sequence, 8 submitted, 8 started, 8 ended (milliseconds since 1970,
 *       Long.MIN_VALUE for never), 8 deadline in milliseconds, 4 attempts, 4 retries, 1 rolled back;
 *       texts with their length (4, -1 for none) before them: id, agent, session, capability, profile, idempotency key,
 *       nothing (a hash of the request in older rows), state, tier, reason, message; 4 number of blobs, each: name, hash
 *       (texts), 8 length
 * </pre>
 *
 * <p>The Bloom filter has two entries' room for each row, of 16 bits each. Entered are each row's id, and where it has an
 * idempotency key the text "{@code length:agent}" with the key behind it, the length being the agent's in UTF-16 units. Of an
 * entry's UTF-8 bytes the 64-bit hash h is FNV-1a (offset basis cbf29ce484222325, prime 100000001b3), finished as in
 * MurmurHash3: h ^= h >>> 33, h *= ff51afd7ed558ccd, h ^= h >>> 33, h *= c4ceb9fe1a85ec53, h ^= h >>> 33. With a its lower
 * and b its upper 32 bits, b with its lowest bit set, the probes 0 to 7 are the bits (a + probe * b modulo 2^32), unsigned,
 * modulo the number of bits. Bit n is the bit of value 1 &lt;&lt; (n modulo 8) in byte n / 8.
 *
 * <p>Rows stand in the order of their submissions. The name is the sequence of the event with which the file became full. Of
 * several rows of a job the one with the highest last sequence counts.
 *
 * <h2>How long each segment has been there, version 1: {@code segments.ages}</h2>
 *
 * <pre>
 * 8 "RINGFAGE", 4 version, 4 zero; for each segment: 8 its first event's number, 8 nanoseconds during which the journal was
 * open since the segment was first seen; 4 checksum of all before
 * </pre>
 *
 * <h2>Blob: {@code blobs/<SHA-256, 64 hexadecimal digits>}</h2>
 *
 * The bytes, and nothing else.
 */
@NullMarked
package dev.ringfence.wal.journal;

import org.jspecify.annotations.NullMarked;
