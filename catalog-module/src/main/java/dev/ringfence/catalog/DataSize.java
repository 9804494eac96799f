package dev.ringfence.catalog;

/**
 * An amount of memory or storage.
 *
 * @param bytes zero or more
 */
public record DataSize(long bytes) implements Comparable<DataSize> {
    private static final long MEGABYTE = 1024L * 1024L;

    public DataSize {
        if (bytes < 0) {
            throw new IllegalArgumentException("a size cannot be negative: " + bytes);
        }
    }

    /** A megabyte here is 2^20 bytes, as the kernel's interfaces count. */
    public static DataSize ofMegabytes(long megabytes) {
        return new DataSize(Math.multiplyExact(megabytes, MEGABYTE));
    }

    /** Rounded up, so that a limit shown in megabytes never looks smaller than it is. */
    public long megabytes() {
        return Math.ceilDiv(bytes, MEGABYTE);
    }

    @Override
    public int compareTo(DataSize other) {
        return Long.compare(bytes, other.bytes);
    }

    @Override
    public String toString() {
        return bytes % MEGABYTE == 0 ? bytes / MEGABYTE + " MB" : bytes + " bytes";
    }
}
