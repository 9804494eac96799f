package dev.ringfence.wal.log;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Records that are written with one call and synced with another. */
final class Group {
    /** Past this a group is written; a larger one would only delay those who wait for its first records. */
    private static final int ENOUGH = 1 << 20;

    private ByteBuffer buffer = ByteBuffer.allocateDirect(64 << 10);
    private List<Append> appends = new ArrayList<>();
    private Cursor end;
    private int records;

    Group(Cursor start) {
        end = start;
    }

    /** Where the log would end if this group were written. */
    Cursor end() {
        return end;
    }

    boolean isEmpty() {
        return appends.isEmpty();
    }

    boolean isEnough() {
        return buffer.position() >= ENOUGH;
    }

    int records() {
        return records;
    }

    void add(Append append, List<byte[]> payloads, int headerChecksum, long time) {
        payloads.forEach(payload -> add(payload, headerChecksum, time));
        appends.add(append);
    }

    private void add(byte[] payload, int headerChecksum, long time) {
        reserve(Frame.sizeOf(payload.length));
        var sequence = end.sequence() + 1;
        var checksum =
                Frame.put(buffer, headerChecksum, end.offset(), end.checksum(), sequence, time, records, payload);
        end = new Cursor(end.offset() + Frame.sizeOf(payload.length), checksum, sequence, payload);
        records++;
    }

    /** The frames, to be written where the group starts. */
    ByteBuffer bytes() {
        return buffer.duplicate().flip();
    }

    /** Empties the group; the next one starts at the cursor. Returns what was in it. */
    List<Append> restart(Cursor start) {
        var taken = appends;
        appends = new ArrayList<>();
        buffer.clear();
        records = 0;
        end = start;
        return taken;
    }

    private void reserve(int size) {
        if (buffer.remaining() < size) {
            var needed = buffer.position() + size;
            var larger = ByteBuffer.allocateDirect(Math.max(needed, 2 * buffer.capacity()));
            buffer = larger.put(buffer.flip());
        }
    }
}
