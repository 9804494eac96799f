package dev.ringfence.runner.fence;

import dev.ringfence.catalog.FenceTier;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

/**
 * What an operator may set about fences.
 *
 * @param instance names this service among others on the host, the same after a restart: what an earlier life left
 *     behind is found by it; letters and digits
 * @param bubblewrap the program, or empty to look for it in {@code /usr/bin} and {@code /usr/local/bin}
 * @param firstUser where the range of users for jobs begins, when the service runs as root
 * @param tier the only tier to be used; empty for the best that works here
 * @param scratch where jobs of the tier {@code landlock} get their directories, and programs files that only they are to
 *     read; every user must be able to reach it when the service is root. Empty for one below the system's directory
 *     for temporary files
 * @param grace between the polite signal and the kill
 */
public record FenceSettings(
        String instance,
        Optional<Path> bubblewrap,
        int firstUser,
        Optional<FenceTier> tier,
        Optional<Path> scratch,
        Duration grace) {
    /** How many users the range has, and so how many fences there can be at a time. */
    public static final int USERS = 4096;

    public FenceSettings {
        Objects.requireNonNull(bubblewrap);
        Objects.requireNonNull(grace);
        Objects.requireNonNull(tier);
        Objects.requireNonNull(scratch);
        if (!instance.matches("[A-Za-z0-9]{1,32}")) {
            throw new IllegalArgumentException("not a name for an instance: " + instance);
        }
        if (firstUser < 1000) {
            throw new IllegalArgumentException("users below 1000 belong to the system: " + firstUser);
        }
    }

    /** Defaults for an instance. */
    public static FenceSettings of(String instance) {
        return new FenceSettings(
                instance, Optional.empty(), 200_000, Optional.empty(), Optional.empty(), Duration.ofMillis(500));
    }

    /** Where jobs' directories are made. */
    Path scratchDirectory() {
        return scratch.orElseGet(() -> Path.of(System.getProperty("java.io.tmpdir", "/tmp"), "ringfence-" + instance));
    }
}
