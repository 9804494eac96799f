package dev.ringfence.api;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.regex.Pattern;
import org.eclipse.microprofile.config.spi.ConfigSource;
import org.jspecify.annotations.Nullable;

/**
 * How many connections are taken where nobody says so: half of the descriptors that this process may have, so that jobs
 * and the journal find the others, and one for each mebibyte of its heap, so that what strangers send before it is known
 * who they are does not fill that. More connections are closed at once.
 */
public final class ConnectionLimit implements ConfigSource {
    static final String KEY = "quarkus.http.limits.max-connections";

    private static final int LEAST = 64;

    /** A head of the shortest lines needs up to 400 KiB. */
    private static final long HEAP_EACH = 1 << 20;

    /** Below everything that an operator can set. */
    private static final int ORDINAL = 50;

    private static final Path LIMITS = Path.of("/proc/self/limits");
    private static final Pattern DESCRIPTORS = Pattern.compile("(?m)^Max open files +(\\d{1,18}) ");

    @Override
    public Set<String> getPropertyNames() {
        return Set.of(KEY);
    }

    @Override
    public @Nullable String getValue(String key) {
        return key.equals(KEY) ? Long.toString(of(limits(), Runtime.getRuntime().maxMemory())) : null;
    }

    @Override
    public String getName() {
        return "ConnectionLimit";
    }

    @Override
    public int getOrdinal() {
        return ORDINAL;
    }

    /**
     * @param limits of this process, as the kernel tells them; whatever is not said there sets no bound
     * @param heap bytes
     */
    static long of(String limits, long heap) {
        long descriptors = DESCRIPTORS
                .matcher(limits)
                .results()
                .map(found -> found.group(1))
                .mapToLong(Long::parseLong)
                .findFirst()
                .orElse(Integer.MAX_VALUE);
        return Math.clamp(Math.min(descriptors / 2, heap / HEAP_EACH), LEAST, Integer.MAX_VALUE);
    }

    private static String limits() {
        try {
            return Files.readString(LIMITS);
        } catch (IOException e) {
            return "";
        }
    }
}
