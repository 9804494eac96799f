package dev.ringfence.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringfence.runner.fence.FenceSettings;
import dev.ringfence.runner.fence.HostFences;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OneShotFilesTest {
    @TempDir
    Path directory;

    private FenceSettings settings() {
        return new FenceSettings(
                "prompts" + ProcessHandle.current().pid(),
                Optional.empty(),
                200_000,
                Optional.empty(),
                Optional.of(directory.resolve("scratch")),
                Duration.ofMillis(500));
    }

    @Test
    void aPromptThatACrashLeftIsRemovedByTheNextStart() throws IOException {
        Path prompt;
        try (var crashed = HostFences.on(settings())) {
            prompt = new OneShotFiles(crashed).add("a secret");
        }
        assertThat(prompt).hasContent("a secret");

        try (var next = HostFences.on(settings())) {
            next.sweep();
            assertThat(prompt.getParent()).doesNotExist();
        }
    }

    @Test
    void nobodyElseCanListPromptsAndNothingIsLeftOfThemAfterTheAnswer() throws IOException {
        try (var fence = HostFences.on(settings())) {
            var files = new OneShotFiles(fence);
            var prompt = files.add("a secret");
            for (var above : List.of(prompt.resolveSibling("."), directory.resolve("scratch"))) {
                assertThat(Files.getPosixFilePermissions(above))
                        .doesNotContain(PosixFilePermission.GROUP_READ, PosixFilePermission.OTHERS_READ);
            }

            files.close();

            assertThat(directory.resolve("scratch")).isEmptyDirectory();
        }
        assertThat(directory.resolve("scratch")).doesNotExist();
    }
}
