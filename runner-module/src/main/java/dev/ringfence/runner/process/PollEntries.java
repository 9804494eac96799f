package dev.ringfence.runner.process;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** The {@code struct pollfd} array of poll(2): descriptor, events asked, events seen. */
final class PollEntries {
    private static final long SIZE = 8;
    private final MemorySegment segment;
    private int count;

    private PollEntries(MemorySegment segment) {
        this.segment = segment;
    }

    static PollEntries allocate(Arena arena, int most) {
        return new PollEntries(arena.allocate(SIZE * most, 4));
    }

    MemorySegment segment() {
        return segment;
    }

    int fill(List<Channel> channels) {
        count = 0;
        for (var channel : channels) {
            segment.set(JAVA_INT, count * SIZE, channel.descriptor());
            segment.set(JAVA_SHORT, count * SIZE + 4, channel.interest());
            segment.set(JAVA_SHORT, count * SIZE + 6, (short) 0);
            count++;
        }
        return count;
    }

    /** What happened, an error or a hang-up included; zero when nothing did. */
    short events(int index) {
        return segment.get(JAVA_SHORT, index * SIZE + 6);
    }
}
