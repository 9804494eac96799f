package dev.ringfence.runner.fence.cgroup;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Directories stand for groups: one that is not empty cannot be removed either. */
class GraveyardTest {
    private static final long LONG_NANOS = Duration.ofSeconds(30).toNanos();

    @TempDir
    private Path directory;

    /** One that came while the others' remover was about to end was left to the next burial. */
    @Test
    void aGroupThatIsBuriedJustWhenTheLastOneGoesIsRemovedTooWithoutAnotherBurial() throws IOException {
        var graveyard = new Graveyard();
        for (int round = 0; round < 200; round++) {
            var first = group("first-" + round);
            graveyard.bury(List.of(first));
            Files.delete(first.resolve("busy"));
            awaitGone(first);
            var second = group("second-" + round);
            graveyard.bury(List.of(second));
            Files.delete(second.resolve("busy"));
            awaitGone(second);
        }
    }

    /** Without a pause: what comes next has to come at once. */
    private static void awaitGone(Path group) {
        long begun = System.nanoTime();
        while (Files.exists(group)) {
            assertThat(System.nanoTime() - begun).as("%s is left", group).isLessThan(LONG_NANOS);
            Thread.onSpinWait();
        }
    }

    private Path group(String name) throws IOException {
        var group = Files.createDirectory(directory.resolve(name));
        Files.createFile(group.resolve("busy"));
        return group;
    }
}
