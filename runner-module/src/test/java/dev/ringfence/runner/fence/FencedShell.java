package dev.ringfence.runner.fence;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.process.OutputListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Runs scripts and programs in the fences of a test.
 *
 * @param prefix of the fences' names
 */
record FencedShell(HostFences fence, String prefix) {
    static final Duration LONG = Duration.ofMinutes(2);
    private static final AtomicInteger NUMBER = new AtomicInteger();

    FencedResult run(SandboxProfile profile, String script) {
        return run(profile, script, LONG);
    }

    FencedResult run(SandboxProfile profile, String script, Duration deadline) {
        return run(profile, List.of("/bin/sh", "-c", script), deadline);
    }

    FencedResult run(SandboxProfile profile, List<String> argv, Duration deadline) {
        return run(command(profile, argv, deadline));
    }

    FencedResult run(FencedCommand command) {
        return fence.start(command, OutputListener.NONE).result().await().atMost(LONG);
    }

    FencedCommand command(SandboxProfile profile, List<String> argv, Duration deadline) {
        return new FencedCommand(
                prefix + NUMBER.incrementAndGet(),
                profile,
                argv,
                Map.of("PATH", "/usr/bin:/bin", "HOME", "/tmp", "LC_ALL", "C"),
                new byte[0],
                List.of(),
                0,
                deadline,
                100_000);
    }

    static String stdout(FencedResult result) {
        return new String(result.stdout().bytes(), UTF_8);
    }

    /** Lets every user see what is in a directory of the test's. */
    static void open(Path directory) throws IOException {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
