package dev.ringfence.runner.abuse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringfence.runner.fence.FencedResult;
import dev.ringfence.runner.fence.LimitHit;
import dev.ringfence.runner.process.ProcessEnd;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What came of one hostile program. */
record Attack(FencedResult result) {
    private static final int SIGKILL = 9;

    String stdout() {
        return new String(result.stdout().bytes(), StandardCharsets.UTF_8);
    }

    List<String> limits() {
        return result.limitsHit().stream().map(LimitHit::field).toList();
    }

    /** The program ran to its end. */
    void ended() {
        assertThat(result.end()).as(stdout()).isEqualTo(new ProcessEnd.Exited(0));
    }

    /** It made that many attempts, and each was refused. */
    void refused(int attempts) {
        ended();
        assertThat(stdout().lines().filter(line -> line.startsWith("denied ")).count())
                .as(stdout())
                .isGreaterThanOrEqualTo(attempts);
    }

    /** It went on until it was held, and no limit other than these is named. */
    void heldBy(String... fields) {
        assertThat(limits())
                .as("limits hit, after %s and %s", result.end(), stdout())
                .containsExactlyInAnyOrder(fields);
    }

    void killedForItsMemory() {
        heldBy("resources.max_memory_mb");
        assertThat(result.end()).isEqualTo(new ProcessEnd.Exited(128 + SIGKILL));
        assertThat(result.usage().peakMemoryBytes()).isLessThanOrEqualTo(Shape.MEMORY_MEGABYTES * 1024 * 1024);
    }

    void timedOut() {
        assertThat(result.end()).as(stdout()).isInstanceOf(ProcessEnd.TimedOut.class);
    }

    /** What it had to say it said. */
    void finished() {
        ended();
        assertThat(stdout()).isNotEmpty();
    }

    /** Whichever of the two comes first depends on where the tier keeps temporary files. */
    void heldByMemoryOrDisk() {
        assertThat(limits())
                .as("limits hit, after %s and %s", result.end(), stdout())
                .hasSize(1)
                .isSubsetOf("resources.max_memory_mb", "resources.max_disk_mb");
    }

    /** All of it was read, little of it was kept. */
    void flooded() {
        timedOut();
        assertThat(result.stdout().truncated()).isTrue();
        assertThat(result.stdout().totalBytes()).isGreaterThan(1 << 20);
    }
}
