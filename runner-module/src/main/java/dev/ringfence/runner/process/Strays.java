package dev.ringfence.runner.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/** Processes that an earlier life of the service started and that outlived it. */
public final class Strays {
    private static final long PAUSE_NANOS = Duration.ofMillis(5).toNanos();

    private Strays() {}

    /**
     * Kills every process whose name, as it was started, is one of ours, and returns when none is left. Blocks.
     *
     * @param ours recognises the first word of a command line
     * @return how many were found
     * @throws ProcessException when some are still there after {@code atMost}
     */
    public static int end(Predicate<String> ours, Duration atMost) {
        long until = System.nanoTime() + atMost.toNanos();
        int first = -1;
        while (true) {
            var found = find(ours);
            if (first < 0) {
                first = found.size();
            }
            if (found.isEmpty()) {
                return first;
            }
            if (System.nanoTime() - until >= 0) {
                throw new ProcessException(
                        "processes " + found + " did not end within " + atMost.toSeconds() + " s of a kill",
                        new IllegalStateException("still running"));
            }
            found.forEach(pid -> kill(pid, ours));
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    private static List<Integer> find(Predicate<String> ours) {
        var found = new ArrayList<Integer>();
        try (var entries = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (var entry : entries) {
                int pid = Integer.parseInt(entry.getFileName().toString());
                if (ours.test(name(pid))) {
                    found.add(pid);
                }
            }
        } catch (IOException e) {
            throw new ProcessException("the processes could not be listed", e);
        }
        return found;
    }

    private static void kill(int pid, Predicate<String> ours) {
        int descriptor;
        try {
            descriptor = SystemCalls.pidDescriptor(pid);
        } catch (NativeCallException e) {
            return; // it has ended meanwhile
        }
        try {
            // Looked at again: the number may have been given anew before it was held.
            if (ours.test(name(pid))) {
                var _ = SystemCalls.signal(descriptor, Libc.SIGKILL);
            }
        } finally {
            Libc.close(descriptor);
        }
    }

    /** Empty for a zombie, for the kernel's own and for what has ended. */
    private static String name(int pid) {
        try {
            var line = new String(Files.readAllBytes(Path.of("/proc/" + pid + "/cmdline")), StandardCharsets.UTF_8);
            int end = line.indexOf('\0');
            return end < 0 ? "" : line.substring(0, end);
        } catch (IOException e) {
            return "";
        }
    }
}
