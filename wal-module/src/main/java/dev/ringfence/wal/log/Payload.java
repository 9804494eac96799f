package dev.ringfence.wal.log;

/** A record's bytes, made when its place in the log is known. */
public interface Payload {
    /** How many bytes {@link #after} will return. */
    int size();

    /**
     * The bytes of this record. Called on the writer thread in the order of the log, so it has to be quick; what it
     * throws fails this append alone.
     *
     * @param previous the payload of the record before, empty for the first; not to be changed
     */
    byte[] after(byte[] previous);

    /** Bytes that do not depend on what stands before them. */
    static Payload of(byte[] bytes) {
        return new Payload() {
            @Override
            public int size() {
                return bytes.length;
            }

            @Override
            public byte[] after(byte[] previous) {
                return bytes;
            }
        };
    }
}
