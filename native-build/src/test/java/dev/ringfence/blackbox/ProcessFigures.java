package dev.ringfence.blackbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a process holds, as the kernel tells. */
record ProcessFigures(long descriptors, long threads) {
    static ProcessFigures of(long pid) {
        return new ProcessFigures(entries(pid, "fd"), entries(pid, "task"));
    }

    private static long entries(long pid, String what) {
        try (var entries = Files.list(Path.of("/proc/" + pid + "/" + what))) {
            return entries.count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Within what pools of threads may keep for a while. */
    boolean within(ProcessFigures before, long descriptorsMore, long threadsMore) {
        return descriptors <= before.descriptors + descriptorsMore && threads <= before.threads + threadsMore;
    }
}
