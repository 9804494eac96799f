package service;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What the tables of all benchmarks have in common. */
public final class Figures {
    private Figures() {}

    /** What figures depend on, for the head of a table: the processors, and what else uses them. */
    public static String machine() throws IOException {
        return Runtime.getRuntime().availableProcessors() + " processors, load average "
                + Files.readString(Path.of("/proc/loadavg")).split(" ")[0];
    }

    /** The value below which such a part of all lie. */
    public static double quantile(List<Long> values, double quantile) {
        var sorted = values.stream().mapToLong(Long::longValue).sorted().toArray();
        return sorted[(int) Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))];
    }

    /** The one in the middle. */
    public static double median(List<Long> values) {
        return quantile(values, 0.5);
    }
}
