package dev.ringfence.runner.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class OrphansTest {
    private static final JobMark MARK = JobMark.of("orphans", 1);

    @Test
    void whatJobsLeaveBehindIsWaitedForUntilTheServiceEndsAndNotAfterIt() throws Exception {
        var before = watchers();

        try (var _ = Orphans.adopt()) {
            int orphan = orphan();
            Libc.kill(orphan, Signals.SIGKILL);

            await().until(() -> ProcessEntry.of(orphan).isEmpty());
        }

        assertThat(watchers()).isEqualTo(before);
        int orphan = orphan();
        Libc.kill(orphan, Signals.SIGKILL);
        await().until(() -> ProcessEntry.of(orphan).orElseThrow().zombie());
        assertThat(Waited.reap(orphan)).isPresent();
    }

    /** A job's process whose parent has ended, and that no keeper knows. */
    private static int orphan() throws IOException, InterruptedException {
        var parent = new ProcessBuilder("sh", "-c", "sleep 600 >/dev/null 2>&1 & echo $!").start();
        int orphan = Integer.parseInt(parent.inputReader().lines().collect(Collectors.joining()));
        assertThat(parent.waitFor()).isZero();
        Census.mark(orphan, MARK, OptionalInt.empty());
        return orphan;
    }

    private static Set<Thread> watchers() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("orphans"))
                .collect(Collectors.toSet());
    }
}
