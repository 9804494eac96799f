package dev.ringfence.runner.files;

import java.time.Instant;
import java.util.Optional;

/**
 * A part of a file, or all of it.
 *
 * @param size of the whole file, in bytes
 * @param sha256 of the whole file, in hexadecimal; empty for files over {@link FileWrites#LARGEST}
 * @param truncated whether something of the file comes behind {@code bytes}
 */
@SuppressWarnings("ArrayRecordComponent") // read once and handed over; nothing compares contents
public record FileContent(
        byte[] bytes, long offset, long size, Instant modified, Optional<String> sha256, boolean truncated) {}
