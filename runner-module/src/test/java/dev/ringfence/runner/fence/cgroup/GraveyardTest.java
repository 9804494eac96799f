package dev.ringfence.runner.fence.cgroup;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Directories stand for groups: one that is not empty cannot be removed either. */
class GraveyardTest {
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
            while (Files.exists(first)) {
                Thread.onSpinWait();
            }
            var second = group("second-" + round);
            graveyard.bury(List.of(second));
            Files.delete(second.resolve("busy"));

            await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(1)).until(() -> !Files.exists(second));
        }
    }

    private Path group(String name) throws IOException {
        var group = Files.createDirectory(directory.resolve(name));
        Files.createFile(group.resolve("busy"));
        return group;
    }
}
