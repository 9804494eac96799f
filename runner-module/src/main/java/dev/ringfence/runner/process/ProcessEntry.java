package dev.ringfence.runner.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A process as {@code /proc} shows it at one moment (proc(5)).
 *
 * @param state {@code R}, {@code S}, {@code T}, {@code Z} and so on
 * @param threads how many it has
 * @param cpu user and system time of it and of the children it has waited for, to ten milliseconds
 */
public record ProcessEntry(int pid, char state, int parent, int threads, Duration cpu) {
    private static final int TICKS_PER_SECOND = 100;
    private static final String MARK_LINE = "Max realtime timeout";

    /** Ended, and kept for its parent to wait for. */
    public boolean zombie() {
        return state == 'Z' || state == 'X';
    }

    /** Its program and arguments, as it shows them; empty for a zombie, or when it has ended. */
    public List<String> command() {
        var line = read(pid, "cmdline");
        if (line.isEmpty()) {
            return List.of();
        }
        var text = new String(line.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
        return List.of((text.endsWith("\0") ? text.substring(0, text.length() - 1) : text).split("\0", -1));
    }

    static Optional<ProcessEntry> of(int pid) {
        var line = read(pid, "stat");
        int end = line.lastIndexOf(')');
        if (end < 0) {
            return Optional.empty();
        }
        // Behind the name in parentheses, which may hold anything: state, ppid, …
        String[] fields = line.substring(end + 2).split(" ", 20);
        long ticks = 0;
        for (int i = 11; i <= 14; i++) {
            ticks += Long.parseLong(fields[i]);
        }
        return Optional.of(new ProcessEntry(
                pid,
                fields[0].charAt(0),
                Integer.parseInt(fields[1]),
                Integer.parseInt(fields[17]),
                Duration.ofMillis(ticks * (1000 / TICKS_PER_SECOND))));
    }

    /** The hard limit that is a job's mark; zero for a process without one. */
    static long mark(int pid) {
        var limits = read(pid, "limits");
        int at = limits.indexOf(MARK_LINE);
        if (at < 0) {
            return 0;
        }
        // Soft limit, hard limit, unit.
        String[] values = limits.substring(at + MARK_LINE.length(), limits.indexOf('\n', at))
                .strip()
                .split("\\s+", 3);
        try {
            long hard = Long.parseLong(values[1]);
            return JobMark.isMark(hard) ? hard : 0;
        } catch (NumberFormatException unlimited) {
            return 0;
        }
    }

    /**
     * What it keeps in memory that is backed by no file, the part of it in swap included. What it shares with others
     * is counted here for each of them; {@link #shareOfMemory} divides it.
     */
    public long memory() {
        var status = read(pid, "status");
        return kibibytes(status, "RssAnon:") + kibibytes(status, "RssShmem:") + kibibytes(status, "VmSwap:");
    }

    /** The same with what is shared divided among those who share it; slower, and empty when it cannot be read. */
    public OptionalLong shareOfMemory() {
        var rollup = read(pid, "smaps_rollup");
        return rollup.isEmpty()
                ? OptionalLong.empty()
                : OptionalLong.of(kibibytes(rollup, "Pss_Anon:")
                        + kibibytes(rollup, "Pss_Shmem:")
                        + kibibytes(rollup, "SwapPss:"));
    }

    /** What it and the children it has waited for moved from and to block devices, if that can be read. */
    OptionalLong blockBytes() {
        var io = read(pid, "io");
        return io.isEmpty()
                ? OptionalLong.empty()
                : OptionalLong.of(number(io, "\nread_bytes:")
                        + Math.max(0, number(io, "\nwrite_bytes:") - number(io, "cancelled_write_bytes:")));
    }

    private static long kibibytes(String text, String key) {
        return number(text, key) * 1024;
    }

    private static long number(String text, String key) {
        int at = text.indexOf(key);
        if (at < 0) {
            return 0;
        }
        int begin = at + key.length();
        while (begin < text.length() && !Character.isDigit(text.charAt(begin))) {
            begin++;
        }
        int end = begin;
        while (end < text.length() && Character.isDigit(text.charAt(end))) {
            end++;
        }
        return begin == end ? 0 : Long.parseLong(text, begin, end, 10);
    }

    /** Empty when the process is gone or does not let us read it. */
    private static String read(int pid, String file) {
        try {
            var bytes = Files.readAllBytes(Path.of("/proc", Integer.toString(pid), file));
            return new String(bytes, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }
}
