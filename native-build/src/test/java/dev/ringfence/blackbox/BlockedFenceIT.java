package dev.ringfence.blackbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Jobs that end while their fence is being built, which a script in bubblewrap's place never comes to an end with. */
class BlockedFenceIT {
    @TempDir
    static Path directory;

    private static final String HASTY = """

            [slm.sandbox_profiles.hasty.resources]
            max_memory_mb = 128
            max_cpu_cores = 1.0
            max_disk_mb = 16
            max_io_bandwidth_mbps = 0

            [slm.sandbox_profiles.hasty.process_limits]
            max_child_processes = 16
            max_execution_time_seconds = 1
            process_priority = 10

            [slm.sandbox_profiles.hasty.network]
            access_mode = "None"
            """;

    private static final String RARE = HostProcesses.rareDuration();
    private static RunningService service;
    private static Api api;

    @BeforeAll
    static void start() throws IOException {
        var launcher = Files.writeString(directory.resolve("launcher"), """
                #!/bin/sh
                if [ -e %1$s/block ]; then
                    echo 'bwrap: still building' >&2
                    : > %1$s/building
                    exec sleep %2$s
                fi
                exec bwrap "$@"
                """.formatted(directory, RARE));
        Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwxr-xr-x"));
        var catalog = Catalogs.standard(directory);
        Files.writeString(catalog, Files.readString(catalog) + HASTY);
        service = RunningService.start(
                directory.resolve("data"),
                catalog,
                Map.of(
                        "RINGFENCE_FENCE_BUBBLEWRAP",
                        launcher.toString(),
                        "RINGFENCE_FENCE_TIER",
                        "namespaces",
                        "PATH",
                        "/usr/local/bin:/usr/bin:/bin"));
        api = service.api();
        // The service has tried its fences out.
        Files.createFile(directory.resolve("block"));
    }

    @AfterAll
    static void stop() {
        service.close();
    }

    @Test
    void aJobWhoseTimeIsUpHasTimedOutAndNamesItsProfilesLimit() {
        var job = api.runShell("echo ran", request -> request.put("profile", "hasty"));

        assertThat(job.path("state").asText()).as(job.toString()).isEqualTo("timed_out");
        assertThat(job.at("/error/type").asText()).isEqualTo("deadline-exceeded");
        assertThat(job.at("/result/limits_hit/0/field").asText())
                .isEqualTo("process_limits.max_execution_time_seconds");
        assertThat(job.at("/result/stdout").asText("none")).isEmpty();
        assertThat(job.at("/result/stderr").asText("none")).isEmpty();
        assertThat(job.at("/result/fence/tier").asText()).isEqualTo("namespaces");
        assertThat(HostProcesses.with("sleep " + RARE)).isEmpty();
    }

    @Test
    void aJobThatIsCancelledIsCancelled() throws IOException {
        Files.deleteIfExists(directory.resolve("building"));
        var id = api.submitShell("echo ran", request -> {});
        await().until(() -> Files.exists(directory.resolve("building")));

        var status = api.delete("/api/v1/jobs/" + id).statusCode();

        assertThat(status).isBetween(200, 204);
        var job = api.awaitEnd(id);
        assertThat(job.path("state").asText()).as(job.toString()).isEqualTo("cancelled");
        assertThat(HostProcesses.with("sleep " + RARE)).isEmpty();
    }
}
