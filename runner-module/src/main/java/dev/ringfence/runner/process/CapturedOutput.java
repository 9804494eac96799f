package dev.ringfence.runner.process;

/**
 * The beginning of an output stream.
 *
 * @param bytes what was kept: at most the cap
 * @param totalBytes what the program wrote, kept or not
 */
@SuppressWarnings("ArrayRecordComponent") // a snapshot handed over once; nothing compares captured outputs
public record CapturedOutput(byte[] bytes, long totalBytes) {
    /** Whether the program wrote more than was kept. */
    public boolean truncated() {
        return totalBytes > bytes.length;
    }
}
