package dev.ringfence.runner.abuse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringfence.catalog.FenceTier;
import dev.ringfence.runner.fence.FencedResult;
import dev.ringfence.runner.fence.LimitHit;
import dev.ringfence.runner.process.ProcessEnd;
import dev.ringfence.runner.process.Signals;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What came of one hostile program. */
record Attack(FencedResult result) {
    private static final String PROCESSES = "process_limits.max_child_processes";
    private static final String DISK = "resources.max_disk_mb";

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

    /** A signal ended it, which is named where nothing stands between the program and the service. */
    void endedByTheSizeOfAFile() {
        assertThat(result.end()).isEqualTo(new ProcessEnd.Exited(128 + Signals.SIGXFSZ));
        if (onDisk()) {
            heldBy("filesystem.max_file_size_mb");
        } else {
            heldBy();
        }
    }

    void killedForItsMemory() {
        heldBy("resources.max_memory_mb");
        assertThat(result.end()).isEqualTo(new ProcessEnd.Exited(128 + Signals.SIGKILL));
        // A watchdog sees it when it is past; each process is held at twice by the kernel.
        long most = result.usage().memorySource().startsWith("watchdog") ? 2 : 1;
        assertThat(result.usage().peakMemoryBytes()).isLessThanOrEqualTo(most * Shape.MEMORY_MEGABYTES * 1024 * 1024);
    }

    /**
     * Some process of it was ended for the memory of all, before they had twice as much as they may. What it holds cannot all
     * be counted, so others may have filled the disk meanwhile.
     */
    void heldByItsMemoryInTime() {
        assertThat(limits()).contains("resources.max_memory_mb").isSubsetOf("resources.max_memory_mb", DISK);
        assertThat(result.usage().peakMemoryBytes()).isLessThanOrEqualTo(2 * Shape.MEMORY_MEGABYTES * 1024 * 1024);
    }

    /** It was refused more memory, or ended for it. */
    void heldByItsMemory() {
        if (limits().isEmpty()) {
            ended();
            assertThat(stdout()).contains("contained ");
        } else {
            heldBy("resources.max_memory_mb");
        }
    }

    void timedOut() {
        assertThat(result.end()).as(stdout()).isInstanceOf(ProcessEnd.TimedOut.class);
    }

    /** What it had to say it said. */
    void finished() {
        ended();
        assertThat(stdout()).isNotEmpty();
    }

    /** Which comes first depends on where the tier keeps temporary files. */
    void heldByMemoryOrDisk() {
        assertThat(limits())
                .as("limits hit, after %s and %s", result.end(), stdout())
                .isNotEmpty()
                .isSubsetOf(
                        onDisk()
                                ? List.of(DISK, "filesystem.max_file_size_mb")
                                : List.of("resources.max_memory_mb", DISK));
    }

    /** It ran to its end, or filled its directory, which is what a watchdog sees where temporary files are on a disk. */
    void endedOrFilledItsDirectory() {
        if (onDisk() && !limits().isEmpty()) {
            filledItsDirectory();
        } else {
            ended();
        }
    }

    /** No more processes or threads than it may have: they were refused it, or it was ended when it had them. */
    void heldByItsProcesses() {
        var means = result.report().entries().stream()
                .filter(entry -> entry.field().equals(PROCESSES))
                .findFirst()
                .orElseThrow()
                .means();
        heldBy(PROCESSES);
        if (means.startsWith("watchdog") && result.end().equals(new ProcessEnd.Exited(128 + Signals.SIGKILL))) {
            return;
        }
        ended();
        assertThat(stdout()).contains("contained ");
    }

    /** Those that have ended count as well, until somebody has waited for them. */
    void endedOrHeldByItsProcesses() {
        assertThat(limits()).isSubsetOf(PROCESSES);
        assertThat(result.end()).isIn(new ProcessEnd.Exited(0), new ProcessEnd.Exited(128 + Signals.SIGKILL));
    }

    /** It was ended, or had ended already when the watchdog saw what it wrote last. */
    void filledItsDirectory() {
        heldBy(DISK);
        assertThat(result.end()).isIn(new ProcessEnd.Exited(128 + Signals.SIGKILL), new ProcessEnd.Exited(0));
    }

    /** In the other tier they are in memory. */
    boolean onDisk() {
        return result.report().tier().equals(FenceTier.LANDLOCK.externalName());
    }

    /** All of it was read and counted, little of it was kept. */
    void flooded(int mebibytes) {
        ended();
        for (var output : List.of(result.stdout(), result.stderr())) {
            assertThat(output.totalBytes()).isEqualTo(mebibytes * (1L << 20));
            assertThat(output.truncated()).isTrue();
            assertThat(output.bytes()).hasSizeLessThanOrEqualTo(Victim.KEPT_OF_OUTPUT);
        }
    }
}
