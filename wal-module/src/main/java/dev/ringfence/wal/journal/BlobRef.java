package dev.ringfence.wal.journal;

import java.util.Objects;
import java.util.regex.Pattern;

/**
 * Names a blob of the journal: bytes that are too many for an event, in a file of their own.
 *
 * @param name what the bytes are to the job, such as {@code stdout}; at most 64 characters
 * @param sha256 the hash of all bytes, in 64 lower-case hexadecimal digits
 * @param length how many bytes there are
 */
public record BlobRef(String name, String sha256, long length) {
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");
    private static final int LONGEST_NAME = 64;

    public BlobRef {
        Objects.requireNonNull(name);
        if (name.isEmpty() || name.length() > LONGEST_NAME) {
            throw new IllegalArgumentException("A blob's name has 1 to " + LONGEST_NAME + " characters, not " + name);
        }
        if (!HASH.matcher(sha256).matches()) {
            throw new IllegalArgumentException("not a SHA-256 hash: " + sha256);
        }
        if (length < 0) {
            throw new IllegalArgumentException("a blob cannot have " + length + " bytes");
        }
    }
}
