package dev.ringfence.runner.engine;

import dev.ringfence.runner.process.ProcessEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** How far an engine has come with the file that it maps, as the kernel counts its pages in memory (proc_pid_status(5)). */
final class MappedFile {
    /** Only the health check says that a model is loaded. */
    private static final long ALMOST = 99;

    private MappedFile() {}

    /**
     * Null when the kernel does not tell.
     *
     * @param pid the first process of the fence; the engine is this one or its child
     */
    static @Nullable Integer percent(long pid, Path file) {
        try {
            long kibibytes = residentFile(pid);
            for (int child : ProcessEntry.children((int) pid)) {
                kibibytes += residentFile(child);
            }
            long size = Math.max(1, Files.size(file));
            return (int) Math.min(ALMOST, kibibytes * 1024 * 100 / size);
        } catch (IOException | NumberFormatException e) {
            return null;
        }
    }

    private static long residentFile(long pid) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
                .filter(line -> line.startsWith("RssFile:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElse(0);
    }
}
