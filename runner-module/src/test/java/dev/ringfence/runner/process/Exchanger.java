package dev.ringfence.runner.process;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/** Lets names change places, over and over, each time in one step, as a hostile program does. */
public final class Exchanger implements AutoCloseable {
    private static final int RENAMEAT2 = SystemCalls.AARCH64 ? 276 : 316;
    private static final int RENAME_EXCHANGE = 2;
    private static final int AT_FDCWD = -100;

    private final AtomicBoolean over = new AtomicBoolean();
    private final Thread thread;

    /** Two names; what is not there does not change places. */
    public record Pair(Path one, Path other) {}

    public Exchanger(List<Pair> pairs) {
        thread = Thread.ofPlatform().start(() -> exchange(pairs));
    }

    private void exchange(List<Pair> pairs) {
        try (var arena = Arena.ofConfined()) {
            var names = pairs.stream()
                    .map(pair -> new long[] {
                        arena.allocateFrom(pair.one().toString()).address(),
                        arena.allocateFrom(pair.other().toString()).address()
                    })
                    .toList();
            while (!over.get()) {
                for (var name : names) {
                    var _ = Libc.syscall(RENAMEAT2, AT_FDCWD, name[0], AT_FDCWD, name[1], RENAME_EXCHANGE, 0);
                }
            }
        }
    }

    @Override
    public void close() {
        over.set(true);
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while names changed places for the last time", e);
        }
    }
}
