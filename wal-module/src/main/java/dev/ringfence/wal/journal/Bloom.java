package dev.ringfence.wal.journal;

/** Says of a hash that it is certainly not in a set, or that it may be: wrongly in about one of two thousand cases. */
final class Bloom {
    private static final int BITS_PER_ENTRY = 16;
    private static final int PROBES = 8;

    private final byte[] bits;

    private Bloom(byte[] bits) {
        this.bits = bits;
    }

    static Bloom forEntries(int entries) {
        return new Bloom(new byte[Math.max(8, entries * BITS_PER_ENTRY / Byte.SIZE)]);
    }

    static Bloom of(byte[] bits) {
        return new Bloom(bits);
    }

    byte[] bits() {
        return bits;
    }

    void add(long hash) {
        for (int probe = 0; probe < PROBES; probe++) {
            var bit = bit(hash, probe);
            bits[bit >>> 3] |= (byte) (1 << (bit & 7));
        }
    }

    boolean mayHave(long hash) {
        for (int probe = 0; probe < PROBES; probe++) {
            var bit = bit(hash, probe);
            if ((bits[bit >>> 3] & (1 << (bit & 7))) == 0) {
                return false;
            }
        }
        return true;
    }

    private int bit(long hash, int probe) {
        var mixed = (int) hash + probe * ((int) (hash >>> 32) | 1);
        return (int) (Integer.toUnsignedLong(mixed) % ((long) bits.length * Byte.SIZE));
    }
}
