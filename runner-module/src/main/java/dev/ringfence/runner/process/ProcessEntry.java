package dev.ringfence.runner.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A process as {@code /proc} shows it at one moment (proc(5)).
 *
 * @param state {@code R}, {@code S}, {@code T}, {@code Z} and so on; that of its first thread
 * @param threads how many it has
 * @param ownCpu user and system time of it, to ten milliseconds
 * @param waitedCpu the same of the children it has waited for
 * @param started when, which tells it from others that had or will have its number; in ticks of the kernel
 */
public record ProcessEntry(
        int pid, char state, int parent, int threads, Duration ownCpu, Duration waitedCpu, long started) {
    private static final int SHOWN = 4096;
    private static final int TICKS_PER_SECOND = 100;
    private static final String MARK_LINE = "Max realtime timeout";

    /** Threads of a process may come and go faster than one of them can be looked at. */
    private static final int MOST_TRIES = 16;

    /** Ended, and kept for its parent to wait for. One whose first thread alone has ended lives on. */
    public boolean zombie() {
        return firstEnded() && threads <= 1;
    }

    /** It uses a processor, or waits for one. */
    public boolean running() {
        return state == 'R';
    }

    /** It has neither ended nor been stopped. */
    boolean goesOn() {
        return !firstEnded() && state != 'T';
    }

    private boolean firstEnded() {
        return state == 'Z' || state == 'X';
    }

    /** User and system time of it and of the children it has waited for. */
    public Duration cpu() {
        return ownCpu.plus(waitedCpu);
    }

    /** Its program and arguments as it shows them, the first 4096 bytes; empty for a zombie, or when it has ended. */
    public List<String> command() {
        var line = read(Path.of("/proc", Integer.toString(pid), "cmdline"), SHOWN);
        if (line.isEmpty()) {
            return List.of();
        }
        var text = new String(line.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
        return List.of((text.endsWith("\0") ? text.substring(0, text.length() - 1) : text).split("\0", -1));
    }

    static Optional<ProcessEntry> of(int pid) {
        return ProcStat.of(read(pid, "stat"))
                .map(stat -> new ProcessEntry(
                        pid,
                        stat.state(),
                        (int) stat.number(ProcStat.PARENT),
                        (int) stat.number(ProcStat.THREADS),
                        time(stat.ownTicks()),
                        time(stat.waitedTicks()),
                        stat.number(ProcStat.START_TIME)));
    }

    private static Duration time(long ticks) {
        return Duration.ofMillis(ticks * (1000 / TICKS_PER_SECOND));
    }

    /**
     * The processes that the first thread of one has started and not waited for yet.
     *
     * @throws IOException when it has ended, or the kernel keeps no such list
     */
    public static List<Integer> children(int pid) throws IOException {
        var listed = KernelFile.read(Path.of("/proc/" + pid + "/task/" + pid + "/children"))
                .strip();
        return listed.isEmpty()
                ? List.of()
                : Arrays.stream(listed.split(" ", -1)).map(Integer::valueOf).toList();
    }

    /** Where its memory and its descriptors show: at its first thread or, when that has ended, at another one. */
    Path place() throws IOException {
        var process = Path.of("/proc", Integer.toString(pid));
        if (firstEnded()) {
            try (var living = Files.newDirectoryStream(process.resolve("task"))) {
                for (var thread : living) {
                    if (!thread.getFileName().equals(process.getFileName())) {
                        return thread;
                    }
                }
            } catch (DirectoryIteratorException e) {
                // It ended between the opening of the list and its reading.
                throw new IOException(e.getCause());
            }
        }
        return process;
    }

    /** Of what shows at a thread; empty when the process is gone or does not let us read it. */
    private String shown(String file, String key) {
        for (int tries = 0; tries < (firstEnded() ? MOST_TRIES : 1); tries++) {
            try {
                var text = read(place().resolve(file), Integer.MAX_VALUE);
                if (text.contains(key)) {
                    return text;
                }
            } catch (IOException e) {
                return "";
            }
        }
        return "";
    }

    /** The hard limit that is a job's mark; zero for a process without one. */
    static long mark(int pid) {
        var hard = hardLimit(pid, MARK_LINE);
        return hard.isPresent() && JobMark.isMark(hard.getAsLong()) ? hard.getAsLong() : 0;
    }

    /** What it cannot raise a limit above; empty for any, or when the process is gone. */
    static OptionalLong hardLimit(int pid, String name) {
        var limits = read(pid, "limits");
        int at = limits.indexOf(name);
        if (at < 0) {
            return OptionalLong.empty();
        }
        // Soft limit, hard limit, unit.
        String[] values = limits.substring(at + name.length(), limits.indexOf('\n', at))
                .strip()
                .split("\\s+", 3);
        try {
            return OptionalLong.of(Long.parseLong(values[1]));
        } catch (NumberFormatException unlimited) {
            return OptionalLong.empty();
        }
    }

    /**
     * What it keeps in memory that is backed by no file, the part of it in swap included, and what the kernel keeps to
     * find that and mapped files. What it shares with others is counted here for each of them; {@link #shareOfMemory}
     * divides it.
     */
    public long memory() {
        var status = shown("status", "RssAnon:");
        return kibibytes(status, "RssAnon:")
                + kibibytes(status, "RssShmem:")
                + kibibytes(status, "VmSwap:")
                + kibibytes(status, "VmPTE:");
    }

    /** The same with what is shared divided among those who share it; slower, and empty when it cannot be read. */
    public OptionalLong shareOfMemory() {
        var rollup = shown("smaps_rollup", "Pss_Anon:");
        return rollup.isEmpty()
                ? OptionalLong.empty()
                : OptionalLong.of(kibibytes(rollup, "Pss_Anon:")
                        + kibibytes(rollup, "Pss_Shmem:")
                        + kibibytes(rollup, "SwapPss:")
                        + kibibytes(shown("status", "VmPTE:"), "VmPTE:"));
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
        return read(Path.of("/proc", Integer.toString(pid), file), Integer.MAX_VALUE);
    }

    private static String read(Path file, int most) {
        try {
            return KernelFile.text(file, most);
        } catch (NativeCallException e) {
            // Not what the process hides, but what the service is short of: nobody shall take that for an end.
            return switch (e.errno()) {
                case Errno.EMFILE, Errno.ENFILE, Errno.ENOMEM ->
                    throw new ProcessException("a process could not be looked at: " + e.getMessage(), e);
                default -> "";
            };
        }
    }
}
