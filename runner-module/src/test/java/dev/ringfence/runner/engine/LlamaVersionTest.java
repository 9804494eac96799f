package dev.ringfence.runner.engine;

import static dev.ringfence.runner.engine.Asking.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringfence.runner.fence.FencedCommand;
import dev.ringfence.runner.fence.FencedProcess;
import dev.ringfence.runner.fence.HostFences;
import dev.ringfence.runner.process.OutputListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LlamaVersionTest {
    private static final HostFences FENCE = LlamaForTests.fence();

    private final AtomicInteger starts = new AtomicInteger();

    @TempDir
    Path directory;

    @BeforeEach
    void open() throws IOException {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    @AfterAll
    static void closeFence() {
        FENCE.close();
    }

    @Test
    void theServerOfThisHostSaysItsVersionInAFence() {
        var found = read(LlamaForTests.settings());

        assertThat(found.server()).isTrue();
        assertThat(found.version())
                .hasValueSatisfying(version -> assertThat(version).containsPattern("[0-9]"));
        assertThat(found.trouble()).isEmpty();
    }

    @Test
    void aProgramIsAskedOnceAndAgainWhenItWasExchanged() throws IOException {
        var program = program("echo 'version: 1 (old)' >&2");
        var version = new LlamaVersion(EngineSettings.defaults().withExecutable(program), this::start);

        assertThat(version.read().version()).hasValue("1 (old)");
        assertThat(version.read().server()).isFalse();
        assertThat(starts).hasValue(1);

        program("echo 'version: 2 (new)' >&2");
        Files.setLastModifiedTime(program, FileTime.fromMillis(1_000_000));
        assertThat(version.read().version()).hasValue("2 (new)");
        assertThat(starts).hasValue(2);
    }

    @Test
    void aProgramThatDoesNotRunIsToldByWhatItSays() throws IOException {
        var found = read(EngineSettings.defaults().withExecutable(program("echo 'no such library' >&2; exit 127")));

        assertThat(found.version()).isEmpty();
        assertThat(found.trouble()).contains("no such library", "127");
    }

    private LlamaCpp read(EngineSettings settings) {
        try (var pool = new LlamaServerPool(settings, this::start)) {
            return pool.llamaCpp().await().atMost(LIMIT);
        }
    }

    private FencedProcess start(FencedCommand command, OutputListener listener) {
        starts.incrementAndGet();
        return FENCE.start(command, listener);
    }

    private Path program(String script) throws IOException {
        var file = Files.writeString(directory.resolve("llama-completion"), "#!/bin/sh\n" + script + "\n");
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
