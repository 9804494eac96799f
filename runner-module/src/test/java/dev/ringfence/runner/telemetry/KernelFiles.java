package dev.ringfence.runner.telemetry;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/** Directories that look like those of a kernel, and a clock that a test moves. */
final class KernelFiles {
    final Path proc;
    final Path sys;
    final AtomicLong clock = new AtomicLong(7_000_000_000L);
    final AtomicReference<Duration> jobs = new AtomicReference<>(Duration.ZERO);
    private final Path data;

    KernelFiles(Path directory) {
        proc = directory.resolve("proc");
        sys = directory.resolve("sys");
        data = directory;
        processors(0, 0);
        write(proc.resolve("meminfo"), "MemTotal:       1000 kB\nMemFree:  100 kB\nMemAvailable:    600 kB\n");
        write(proc.resolve("loadavg"), "0.50 1.25 2.00 3/456 789\n");
        write(proc.resolve("self/stat"), stat("S", 0, 0));
    }

    void write(Path file, String text) {
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Four processors, by ticks. */
    void processors(long busy, long idle) {
        write(
                proc.resolve("stat"),
                "cpu  " + busy + " 0 0 " + idle + " 0 0 0 0 0 0\ncpu0 1\ncpu1 1\ncpu2 1\ncpu3 1\nintr 5\n");
    }

    void own(long ticks, long children) {
        write(proc.resolve("self/stat"), stat("S", ticks, children));
    }

    void process(int pid, String state) {
        write(proc.resolve(pid + "/stat"), stat(state, 0, 0));
    }

    private static String stat(String state, long ticks, long children) {
        return "42 (a (strange) name) " + state + " 1 1 1 0 -1 0 0 0 0 0 " + ticks + " 0 " + children + " 0 20 0 1 0\n";
    }

    void pressure(String what, double some, double full) {
        write(proc.resolve("pressure/" + what), pressureText(some, full));
    }

    static String pressureText(double some, double full) {
        return "some avg10=" + some + " avg60=1.00 avg300=0.50 total=1\nfull avg10=" + full
                + " avg60=2.00 avg300=0.10 total=1\n";
    }

    void later(Duration time) {
        clock.addAndGet(time.toNanos());
    }

    HostTelemetry open() {
        return new HostTelemetry(proc, sys, data, jobs::get, _ -> false, clock::get);
    }
}
