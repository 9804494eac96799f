package dev.ringfence.runner.process;

import java.util.Arrays;

/** Keeps the beginning of a stream, counts all of it. */
final class Capture {
    private final long cap;
    private byte[] kept = new byte[0];
    private int length;
    private long total;

    Capture(long cap) {
        this.cap = Math.min(cap, Integer.MAX_VALUE - 16);
    }

    void add(byte[] chunk) {
        total += chunk.length;
        int room = (int) Math.min(chunk.length, cap - length);
        if (room <= 0) {
            return;
        }
        if (length + room > kept.length) {
            kept = Arrays.copyOf(kept, (int) Math.min(cap, Math.max(length + (long) room, kept.length * 2L)));
        }
        System.arraycopy(chunk, 0, kept, length, room);
        length += room;
    }

    CapturedOutput captured() {
        return new CapturedOutput(Arrays.copyOf(kept, length), total);
    }
}
