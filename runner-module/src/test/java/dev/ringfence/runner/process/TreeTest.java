package dev.ringfence.runner.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Trees that do not end as they should: here, since somebody else took the child's end. */
class TreeTest {
    private static final JobMark MARK = JobMark.of("trees", 1);
    private static final int NO_PROCESS = Integer.MAX_VALUE;
    private static final Duration LONG = Duration.ofMinutes(2);

    private final AtomicInteger child = new AtomicInteger();

    /** Marks the child as a job's, and waits for it in its keeper's place. */
    private class Meddler implements Supervisor {
        @Override
        public void spawned(Tree tree) {
            child.set((int) tree.pid());
            tree.mark(MARK, OptionalInt.empty());
        }

        @Override
        public void kill(Tree tree) {
            tree.killChild();
            await().until(() -> Waited.reap(child.get()).isPresent());
        }
    }

    @Test
    void ofATreeWhoseEndFailsNothingIsRemembered() {
        var process = ProcessEngine.start(sleeping(), new Meddler(), OutputListener.NONE);

        process.stop();

        assertThatThrownBy(() -> process.result().await().atMost(LONG))
                .isInstanceOf(ProcessException.class)
                .hasMessageContaining("wait4");
        assertThatNothingIsRemembered();
    }

    @Test
    void whatFailsAtTheEndOfATreeThatFailedIsToldBesideTheFirstFailure() {
        var blind = new Meddler() {
            @Override
            public Duration interval() {
                return Duration.ofMillis(1);
            }

            @Override
            public void look(Tree tree) {
                throw new IllegalStateException("cannot look");
            }
        };
        var process = ProcessEngine.start(sleeping(), blind, OutputListener.NONE);

        assertThatThrownBy(() -> process.result().await().atMost(LONG))
                .hasMessageContaining("cannot look")
                .cause()
                .satisfies(first -> assertThat(first.getSuppressed())
                        .singleElement()
                        .satisfies(second -> assertThat(second).hasMessageContaining("wait4")));
        assertThatNothingIsRemembered();
    }

    @Test
    void aSignalToThoseThatAreListedSparesWhoeverLeavesTheListMeanwhile() throws Exception {
        var member = new ProcessBuilder("/bin/sleep", "300").start();
        var stranger = new ProcessBuilder("/bin/sleep", "300").start();
        try {
            int ours = (int) member.pid();
            int strange = (int) stranger.pid();
            // At the second look the stranger's number is on the list no more, as if it had been given anew.
            var lists = new ArrayDeque<>(List.of(Set.of(ours, strange, NO_PROCESS), Set.of(ours)));

            new Tree(NO_PROCESS, Optional.empty()).signalListed(lists::remove, Signals.SIGTERM, Set.of());

            assertThat(member.waitFor()).isEqualTo(128 + Signals.SIGTERM);
            assertThat(stranger.isAlive()).isTrue();
        } finally {
            Census.forget(NO_PROCESS);
            member.destroyForcibly();
            stranger.destroyForcibly();
        }
    }

    private void assertThatNothingIsRemembered() {
        assertThat(child).doesNotHaveValue(0);
        assertThat(Census.kept(child.get())).isFalse();
        assertThat(Census.reaped(MARK)).isEmpty();
    }

    private static ProcessRequest sleeping() {
        return new ProcessRequest(
                "trees",
                Path.of("/bin/sleep"),
                List.of("sleep", "300"),
                Map.of(),
                Path.of("/"),
                new ProgramInput.Bytes(new byte[0]),
                List.of(),
                false,
                LONG,
                Duration.ofMillis(100),
                1000,
                Optional.empty());
    }
}
