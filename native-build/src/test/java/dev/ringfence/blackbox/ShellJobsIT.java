package dev.ringfence.blackbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShellJobsIT {
    @TempDir
    static Path directory;

    private static RunningService service;
    private static Api api;

    @BeforeAll
    static void start() {
        service = RunningService.start(
                directory.resolve("data"), Catalogs.standard(directory), Map.of("A_SECRET", "of-the-service"));
        api = service.api();
    }

    @AfterAll
    static void stop() {
        service.close();
    }

    @Test
    void outputAndExitCodeAreInTheResult() {
        var job = api.runShell("echo to-stdout; echo to-stderr >&2; exit 3");

        assertThat(result(job).path("exit_code").intValue()).isEqualTo(3);
        assertThat(result(job).path("stdout").asText()).isEqualTo("to-stdout\n");
        assertThat(result(job).path("stderr").asText()).isEqualTo("to-stderr\n");
    }

    @Test
    void aWaitedForJobIsAnsweredWithItsEnd() {
        var response = api.post("/api/v1/jobs", Api.shell("echo done", job -> {}), "Prefer", "wait=60");

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(Api.json(response.body()).path("state").asText()).isEqualTo("completed");
    }

    @Test
    void theResultSaysByWhichMeansEachLimitWasEnforced() {
        var fence = api.runShell("true").path("result").path("fence");

        assertThat(fence.path("tier").asText()).isEqualTo("namespaces");
        assertThat(fence.path("entries").findValuesAsText("field"))
                .contains("resources.max_memory_mb", "network.access_mode", "process_limits.allowed_syscalls");
        assertThat(fence.path("entries").findValuesAsText("means")).doesNotContain("");
    }

    @Test
    void theHostsSecretsAreOutOfReach() {
        var job = api.runShell("cat /etc/shadow; env; cat /proc/1/environ");

        assertThat(result(job).path("stdout").asText()).doesNotContain("root:").doesNotContain("of-the-service");
        assertThat(result(job).path("stderr").asText()).contains("/etc/shadow");
    }

    @Test
    void theHostsLoopbackIsOutOfReach() throws IOException {
        try (var listener = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
            var job = api.runShell(
                    "bash -c 'exec 3<>/dev/tcp/127.0.0.1/" + listener.getLocalPort() + " && echo reached'");

            assertThat(result(job).path("stdout").asText()).doesNotContain("reached");
            listener.setSoTimeout(200);
            assertThatThrownBy(listener::accept).isInstanceOf(SocketTimeoutException.class);
        }
    }

    @Test
    void theHostsFilesCannotBeChanged() {
        var job = api.runShell(
                "for f in /etc/x /usr/x /x /proc/sys/kernel/core_pattern; do echo x > $f && echo $f; done");

        assertThat(result(job).path("stdout").asText()).isEmpty();
    }

    @Test
    void aDeadlineLeavesNothingOfTheTree() {
        var rare = HostProcesses.rareDuration();
        var before = Instant.now();

        var job = api.runShell(
                "trap '' TERM; (setsid sh -c \"trap '' TERM; sleep %1$s & sleep %1$s\" &) & sleep %1$s".formatted(rare),
                request -> request.put("deadline_seconds", 2));

        assertThat(job.path("state").asText()).isEqualTo("timed_out");
        assertThat(HostProcesses.with("sleep " + rare)).isEmpty();
        assertThat(Duration.between(before, Instant.now())).isGreaterThanOrEqualTo(Duration.ofSeconds(2));
    }

    @Test
    void aCancellationLeavesNothingOfTheTree() {
        var rare = HostProcesses.rareDuration();
        var id = api.submitShell("(setsid sleep %1$s &) & sleep %1$s".formatted(rare), request -> {});
        api.awaitState(id, "started");

        var status = api.delete("/api/v1/jobs/" + id).statusCode();

        assertThat(status).isBetween(200, 204);
        assertThat(api.awaitEnd(id).path("state").asText()).isEqualTo("cancelled");
        assertThat(HostProcesses.with("sleep " + rare)).isEmpty();
    }

    @Test
    void memoryBeyondTheLimitEndsTheJobAndIsNamed() {
        var job = api.runShell("head -c 400000000 /dev/zero | tail");

        assertThat(result(job).path("exit_code").intValue()).isNotZero();
        assertThat(result(job).path("limits_hit").toString()).contains("resources.max_memory_mb");
    }

    @Test
    void moreProcessesThanAllowedCannotBeStarted() {
        var job = api.runShell("for i in $(seq 40); do sleep 3 & done; wait");

        assertThat(result(job).path("stderr").asText()).containsIgnoringCase("fork");
    }

    @Test
    void outputBeyondTheCapIsDrainedAndMarked() {
        var job = api.runShell("head -c 50000000 /dev/zero | tr '\\0' x; echo end >&2");

        assertThat(job.path("state").asText()).isEqualTo("completed");
        assertThat(result(job).path("stderr").asText()).isEqualTo("end\n");
        assertThat(result(job).path("stdout").asText().length()).isLessThan(50_000_000);
    }

    @Test
    void jobsAreListed() {
        var ids = IntStream.range(0, 3)
                .mapToObj(i -> api.submitShell("echo " + i, request -> {}))
                .toList();

        assertThat(api.get("/api/v1/jobs").body()).contains(ids);
    }

    @Test
    void theEventsOfAnEndedJobCanBeReadAgain() {
        var id = api.runShell("echo once").path("id").asText();

        var events = api.get("/api/v1/jobs/" + id + "/events");

        assertThat(events.headers().firstValue("Content-Type").orElse("")).startsWith("text/event-stream");
        assertThat(events.body()).containsSubsequence("submitted", "started", "completed");
    }

    private static JsonNode result(JsonNode job) {
        return job.path("result");
    }
}
