package dev.ringfence.runner.capability;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.LlamaForTests;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A process of the host that is none of a job's. */
@SuppressWarnings("NullAway.Init") // set before each test
class KillTest {
    private static final Duration LONG = Duration.ofMinutes(2);

    private final Kill ofOthers = new Kill(new RunningJobs(), true);
    private Process process;

    @BeforeEach
    void start() throws IOException {
        process = new ProcessBuilder("sleep", "1000").start();
    }

    @AfterEach
    void end() {
        process.destroyForcibly();
    }

    @Test
    void aProcessThatStartedAtAnotherTimeThanWasSaidIsLeftAlone() throws InterruptedException {
        var seen = ((Outcome.Completed) rehearse(arguments(process.pid())))
                .data()
                .path("start_time")
                .asLong();

        assertFailed(send(arguments(process.pid()).put("start_time", seen - 1)), "another-process");
        assertThat(process.isAlive()).isTrue();

        assertThat(send(arguments(process.pid()).put("start_time", seen))).isInstanceOf(Outcome.Completed.class);
        assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
    }

    @Test
    void initTheServiceAndItsParentAreLeftAloneEvenWhereOthersAreNot() {
        var self = ProcessHandle.current();

        for (long pid : new long[] {1, self.pid(), self.parent().orElseThrow().pid()}) {
            assertFailed(rehearse(arguments(pid)), "not-allowed");
            assertFailed(send(arguments(pid).put("signal", "CONT")), "not-allowed");
        }
    }

    @Test
    void aProcessOfNoJobIsLeftAloneWhereTheOperatorDoesNotAllowOthers() {
        var kill = new Kill(new RunningJobs(), false);

        assertFailed(
                kill.start(invocation(arguments(process.pid())), (channel, text) -> {})
                        .outcome()
                        .await()
                        .atMost(LONG),
                "not-allowed");
        assertThat(process.isAlive()).isTrue();
    }

    private Outcome send(ObjectNode arguments) {
        return ofOthers.start(invocation(arguments), (channel, text) -> {})
                .outcome()
                .await()
                .atMost(LONG);
    }

    private Outcome rehearse(ObjectNode arguments) {
        return ofOthers.dryRun(invocation(arguments));
    }

    private static void assertFailed(Outcome outcome, String type) {
        assertThat(outcome)
                .isInstanceOfSatisfying(
                        Outcome.Failed.class,
                        failed -> assertThat(failed.type()).isEqualTo(type));
    }

    private static ObjectNode arguments(long pid) {
        return ResultJson.object().put("pid", pid);
    }

    private static Invocation invocation(ObjectNode arguments) {
        return new Invocation("kill-1", "tester", arguments, LlamaForTests.profile(), LONG);
    }
}
