package dev.ringfence.runner.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringfence.runner.fence.seccomp.Architecture;
import dev.ringfence.runner.fence.seccomp.SeccompFilter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real programs that ask for changes of files. */
class FileChangesTest {
    private static final Duration LONG = Duration.ofMinutes(2);
    private static final int KILLED = 0644;
    private static final int LAST = 0600;

    @TempDir
    Path directory;

    private Path file;

    @BeforeEach
    void make() throws IOException {
        file = Files.createFile(directory.resolve("file"));
    }

    /** They filled the service's heap. */
    @Test
    void callsOfThreadsThatWereKilledDoNotPileUp() throws IOException {
        // Given
        int killed = 500;
        var answers = new CountDownLatch(1);
        var files = new FileChanges(changed -> awaited(answers), OptionalInt.empty());
        var asked = new AtomicInteger();
        var most = new AtomicInteger();
        CallDecider killing = call -> {
            asked.incrementAndGet();
            files.decide(call);
            most.accumulateAndGet(files.waiting(), Math::max);
            // fchmodat(directory, path, mode, …)
            if (call.argument(2) == KILLED) {
                Libc.kill(call.thread(), Signals.SIGKILL);
            } else if (call.argument(2) == LAST) {
                answers.countDown();
            }
        };

        // When
        var result = run(
                "chmod 640 \"$0\" & i=0; while [ $i -lt " + killed + " ]; do chmod 644 \"$0\" & wait $!; i=$((i+1));"
                        + " done 2>/dev/null; chmod 600 \"$0\" && wait && echo done",
                killing);

        // Then
        assertThat(new String(result.stdout().bytes(), UTF_8)).isEqualTo("done\n");
        assertThat(asked).hasValue(killed + 2);
        assertThat(most).hasValueBetween(1, 66);
        assertThat(files.waiting()).isZero();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isIn("rw-------", "rw-r-----");
    }

    @Test
    void everyOneOfManyThatAskAtOnceIsAnswered() throws IOException {
        var files = new FileChanges(changed -> changed.startsWith(directory), OptionalInt.empty());

        var result = run(
                "cd \"${0%/*}\" && for i in $(seq 200); do touch $i; done && for i in $(seq 200); do chmod 400 $i & done;"
                        + " wait; stat -c %a ? ?? ??? | sort | uniq -c; chmod 777 /etc 2>&1 | grep -o 'not permitted'",
                files);

        assertThat(new String(result.stdout().bytes(), UTF_8).strip().lines().map(String::strip))
                .containsExactly("200 400", "not permitted");
    }

    private static boolean awaited(CountDownLatch latch) {
        try {
            latch.await();
            return true;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private ProcessResult run(String script, CallDecider decider) {
        var filter = SeccompFilter.asking(Architecture.ofThisHost().orElseThrow(), FileChanges.CALLS)
                .program();
        var request = new ProcessRequest(
                "changes",
                Path.of("/usr/bin/sh"),
                List.of("sh", "-c", script, file.toString()),
                Map.of("PATH", "/usr/bin:/bin", "LC_ALL", "C"),
                Path.of("/"),
                ProgramInput.NONE,
                List.of(),
                false,
                LONG,
                Duration.ofMillis(100),
                10_000,
                Optional.of(new Confinement(Optional.empty(), OptionalInt.empty(), Set.of(), filter, decider)));
        return ProcessEngine.start(request, new Supervisor() {}, OutputListener.NONE)
                .result()
                .await()
                .atMost(LONG);
    }
}
