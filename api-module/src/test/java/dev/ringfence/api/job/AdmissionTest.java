package dev.ringfence.api.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.ringfence.catalog.Catalog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdmissionTest {
    private static final Map<String, Integer> NO_LIMITS = Map.of();
    private static final long MEMORY = 1_000_000;

    /** There are thousands of turns to wait for. */
    private static final Duration SOON = Duration.ofMillis(1);

    private static final long SMALL = 100;

    private final AtomicLong clock = new AtomicLong(17);

    /** The names of the jobs in the order in which they got a slot. */
    private final List<String> order = Collections.synchronizedList(new ArrayList<>());

    private final Map<String, Admission.Ticket> tickets = new HashMap<>();

    private Admission admission(int slots, String grants, Map<String, Integer> ofCapability) {
        var terms = new FixedTerms(Catalog.parse(grants, "test"));
        return new Admission(slots, 1000, 100, MEMORY, ofCapability, terms, clock::get);
    }

    private Admission admission(int slots, String grants) {
        return admission(slots, grants, NO_LIMITS);
    }

    /** Lets a job in and waits until it has its turn, or waits for it. */
    private Thread queue(Admission admission, String name, String agent, String capability, int priority) {
        var ticket = admission.admit(agent, capability, priority, SMALL);
        tickets.put(name, ticket);
        var thread = Thread.ofVirtual().start(() -> {
            try {
                ticket.awaitTurn();
                order.add(name);
            } catch (InterruptedException e) {
                order.add(name + " gave up");
                ticket.close();
            }
        });
        await().pollInterval(SOON).until(() -> order.contains(name) || thread.getState() == Thread.State.WAITING);
        return thread;
    }

    private void queue(Admission admission, String name, String agent) {
        var _ = queue(admission, name, agent, "ShellExec", 0);
    }

    private Admission.Ticket ticket(String name) {
        return Objects.requireNonNull(tickets.get(name));
    }

    /** Ends a running job, and waits until another one has its place. */
    private String end(String name) {
        int before = order.size();
        ticket(name).close();
        await().pollInterval(SOON).until(() -> order.size() > before);
        return order.getLast();
    }

    @Test
    void noMoreJobsRunThanThereAreSlots() {
        var admission = admission(2, "");
        queue(admission, "a", "x");
        queue(admission, "b", "x");
        queue(admission, "c", "x");

        assertThat(order).containsExactly("a", "b");
        assertThat(end("a")).isEqualTo("c");
        assertThat(admission.live()).isEqualTo(2);
    }

    @Test
    void aModestAgentIsServedBeforeAGreedyOnesQueue() {
        var admission = admission(2, "");
        for (int i = 0; i < 10; i++) {
            queue(admission, "greedy" + i, "greedy");
        }
        queue(admission, "modest", "modest");

        assertThat(end("greedy0")).isEqualTo("modest");
    }

    @Test
    void agentsTakeTurns() {
        var admission = admission(1, "");
        queue(admission, "x0", "x");
        for (var name : List.of("x1", "x2", "y1", "y2")) {
            queue(admission, name, name.substring(0, 1));
        }

        assertThat(List.of(end("x0"), end("y1"), end("x1"), end("y2"))).containsExactly("y1", "x1", "y2", "x2");
    }

    @Test
    void slotsAreSharedByWeight() {
        var admission = admission(4, "[agents.heavy]\nweight = 3\n[agents.light]\n");
        for (int i = 0; i < 4; i++) {
            queue(admission, "first" + i, "light");
        }
        for (int i = 0; i < 6; i++) {
            queue(admission, "heavy" + i, "heavy");
            queue(admission, "light" + i, "light");
        }

        var got = List.of(end("first0"), end("first1"), end("first2"), end("first3"));

        assertThat(got).filteredOn(name -> name.startsWith("heavy")).hasSize(3);
    }

    @Test
    void anAgentRunsNoMoreThanItIsGranted() {
        var admission = admission(4, "[agents.x]\nmax_concurrent = 1\n[agents.y]\n");
        queue(admission, "x0", "x");
        queue(admission, "x1", "x");
        queue(admission, "y0", "y");

        assertThat(order).containsExactly("x0", "y0");
        assertThat(end("x0")).isEqualTo("x1");
    }

    @Test
    void aCapabilityAtItsLimitHoldsUpNoOther() {
        var admission = admission(4, "", Map.of("GenerateText", 1));
        var _ = queue(admission, "model0", "x", "GenerateText", 0);
        var _ = queue(admission, "model1", "x", "GenerateText", 0);
        var _ = queue(admission, "shell", "x", "ShellExec", 0);

        assertThat(order).containsExactly("model0", "shell");
        assertThat(end("model0")).isEqualTo("model1");
    }

    @Test
    void ofOneAgentsJobsTheMoreUrgentGoesFirst() {
        var admission = admission(1, "");
        queue(admission, "first", "x");
        var _ = queue(admission, "later", "x", "ShellExec", -1);
        queue(admission, "usual", "x");
        var _ = queue(admission, "urgent", "x", "ShellExec", 5);

        assertThat(List.of(end("first"), end("urgent"), end("usual"))).containsExactly("urgent", "usual", "later");
    }

    @Test
    void aFullQueueOfOneAgentLeavesRoomForOthers() {
        var admission = admission(1, "[agents.x]\nmax_queued = 2\n[agents.y]\n");
        queue(admission, "x0", "x");
        queue(admission, "x1", "x");
        queue(admission, "x2", "x");

        assertThatThrownBy(() -> admission.admit("x", "ShellExec", 0, SMALL))
                .isInstanceOfSatisfying(AdmissionException.TooMany.class, e -> {
                    assertThat(e.slug()).isEqualTo("queue-full");
                    assertThat(e.retryAfter().orElseThrow()).isPositive();
                })
                .hasMessageContaining("2 jobs of agent x");
        queue(admission, "y0", "y");
        assertThat(List.of(end("x0"), end("y0"))).containsExactly("y0", "x1");
        queue(admission, "x3", "x");
    }

    @Test
    void manySubmissionsAtOnceDoNotOutrunTheQueuesBound() {
        var admission = admission(2, "[agents.x]\nmax_queued = 3\n");
        for (int i = 0; i < 5; i++) {
            admission.admit("x", "ShellExec", 0, SMALL);
        }

        assertThatThrownBy(() -> admission.admit("x", "ShellExec", 0, SMALL))
                .isInstanceOf(AdmissionException.TooMany.class);
    }

    @Test
    void aWaitingJobKnowsItsPlace() {
        var admission = admission(1, "");
        queue(admission, "running", "x");
        queue(admission, "second", "x");
        queue(admission, "third", "x");
        queue(admission, "another's", "y");
        var _ = queue(admission, "first", "x", "ShellExec", 1);

        assertThat(List.of("first", "second", "third", "another's"))
                .extracting(name -> ticket(name).position())
                .containsExactly(OptionalInt.of(1), OptionalInt.of(2), OptionalInt.of(3), OptionalInt.of(1));
        assertThat(ticket("running").position()).isEmpty();
    }

    @Test
    void oneGreedyAgentsThousandJobsDelayOthersByNoMoreThanOneJobEach() {
        var admission =
                new Admission(4, 10_000, 10_000, MEMORY, NO_LIMITS, new FixedTerms(Catalog.empty()), clock::get);
        for (int i = 0; i < 200; i++) {
            queue(admission, "greedy" + i, "greedy");
        }
        for (int i = 0; i < 5; i++) {
            for (var agent : List.of("a", "b", "c")) {
                queue(admission, agent + i, agent);
            }
        }
        var running = new ArrayList<>(order);
        for (int i = 0; i < 16; i++) {
            running.add(end(running.removeFirst()));
        }

        // Of each four slots that got free, every agent had one.
        assertThat(order.subList(4, 20))
                .filteredOn(name -> name.startsWith("greedy"))
                .hasSizeBetween(1, 4);
        assertThat(order.subList(4, 20))
                .containsAll(List.of("a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2", "a3", "b3", "c3"));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void whoWaitsIsServedHoweverOftenOthersComeAnew(int slots) {
        assertThePatientIsServed(admission(slots, ""), slots);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void whoWaitsIsServedHoweverMuchOthersWeigh(int slots) {
        var grants = "[agents.a]\nweight = 100\n[agents.b]\nweight = 100\n[agents.c]\nweight = 100\n[agents.patient]\n";

        assertThePatientIsServed(admission(slots, grants), slots);
    }

    /** Others send one job at a time each, and the next one as soon as it has ended; one more of them than there are slots. */
    private void assertThePatientIsServed(Admission admission, int slots) {
        var others = List.of("a", "b", "c").subList(0, slots + 1);
        others.subList(0, slots).forEach(agent -> queue(admission, agent + 0, agent));
        for (int i = 0; i < 5; i++) {
            queue(admission, "patient" + i, "patient");
        }
        queue(admission, others.getLast() + 0, others.getLast());

        for (int ended = 0; ended < 20; ended++) {
            var name = order.get(ended);
            end(name);
            if (!name.startsWith("patient")) {
                queue(admission, name + "+", name.substring(0, 1));
            }
        }

        assertThat(order).contains("patient0", "patient1", "patient2", "patient3", "patient4");
    }

    @Test
    void whatJobsTakeOfTheMemoryIsBoundedForOneAgentAndForAll() {
        var admission = admission(100, "");
        var first = admission.admit("x", "FileWrite", 0, MEMORY / 4);
        admission.admit("x", "FileWrite", 0, MEMORY / 4);
        assertThatThrownBy(() -> admission.admit("x", "FileWrite", 0, SMALL))
                .isInstanceOfSatisfying(
                        AdmissionException.TooMany.class,
                        e -> assertThat(e.slug()).isEqualTo("queue-full"))
                .hasMessageContaining("500000 bytes")
                .hasMessageContaining("ringfence.jobs.memory-budget");
        admission.admit("y", "FileWrite", 0, MEMORY / 2);
        assertThatThrownBy(() -> admission.admit("z", "FileWrite", 0, SMALL))
                .isInstanceOf(AdmissionException.Unavailable.class)
                .hasMessageContaining("1000000 bytes");
        assertThat(admission.readmit("z", "FileWrite", 0, SMALL)).isNotNull();

        first.close();

        assertThat(admission.admit("x", "FileWrite", 0, SMALL)).isNotNull();
    }

    @Test
    void aSingleJobMayTakeAllTheMemoryAndOneThatNeedsMoreNeverGetsIn() {
        var admission = admission(1, "");
        admission.admit("x", "FileWrite", 0, MEMORY).close();

        assertThatThrownBy(() -> admission.admit("x", "FileWrite", 0, MEMORY + 1))
                .isInstanceOfSatisfying(
                        AdmissionException.Invalid.class,
                        e -> assertThat(e.slug()).isEqualTo("arguments-too-large"));
    }

    @Test
    void theRoomOfAllIsBounded() {
        var admission = new Admission(1, 1, 100, MEMORY, NO_LIMITS, new FixedTerms(Catalog.empty()), clock::get);
        queue(admission, "a", "x");
        queue(admission, "b", "y");

        assertThatThrownBy(() -> admission.admit("z", "ShellExec", 0, SMALL))
                .isInstanceOf(AdmissionException.Unavailable.class)
                .hasMessageContaining("2 jobs");
        assertThat(admission.readmit("z", "ShellExec", 0, SMALL)).isNotNull();
    }

    @Test
    void aRateLetsAMinutesJobsThroughAtOnceAndThenOneAfterTheOther() {
        var admission = admission(100, "[agents.x]\njobs_per_minute = 3\n");
        for (int i = 0; i < 3; i++) {
            admission.admit("x", "ShellExec", 0, SMALL).close();
        }

        assertThatThrownBy(() -> admission.admit("x", "ShellExec", 0, SMALL))
                .isInstanceOfSatisfying(AdmissionException.TooMany.class, e -> {
                    assertThat(e.slug()).isEqualTo("rate-limited");
                    assertThat(e.retryAfter().orElseThrow()).isBetween(Duration.ofSeconds(19), Duration.ofSeconds(20));
                });
        clock.addAndGet(Duration.ofSeconds(20).toNanos());
        admission.admit("x", "ShellExec", 0, SMALL).close();
        assertThatThrownBy(() -> admission.admit("x", "ShellExec", 0, SMALL))
                .isInstanceOf(AdmissionException.TooMany.class);
    }

    @Test
    void aRateOfNoneAdmitsNone() {
        var admission = admission(1, "[agents.x]\njobs_per_minute = 0\n");

        assertThatThrownBy(() -> admission.admit("x", "ShellExec", 0, SMALL))
                .isInstanceOf(AdmissionException.TooMany.class);
        assertThat(admission.live()).isZero();
    }

    @Test
    void whoeverGivesUpWaitingLeavesNothingBehind() {
        var admission = admission(1, "");
        queue(admission, "a", "x");
        var waiting = queue(admission, "b", "x", "ShellExec", 0);
        queue(admission, "c", "x");

        waiting.interrupt();
        await().until(() -> order.contains("b gave up"));

        assertThat(admission.live()).isEqualTo(2);
        assertThat(end("a")).isEqualTo("c");
    }

    @Test
    void closingTwiceGivesBackOneSlot() {
        var admission = admission(1, "");
        queue(admission, "a", "x");
        queue(admission, "b", "x");
        queue(admission, "c", "x");

        assertThat(end("a")).isEqualTo("b");
        ticket("a").close();

        assertThat(order).containsExactly("a", "b");
        assertThat(admission.live()).isEqualTo(2);
    }

    @Test
    void idleIsWhenNoSlotIsHeld() throws Exception {
        var admission = admission(2, "");
        assertThat(admission.awaitIdle(Duration.ZERO)).isTrue();
        queue(admission, "a", "x");
        assertThat(admission.awaitIdle(Duration.ofMillis(1))).isFalse();

        ticket("a").close();

        assertThat(admission.awaitIdle(Duration.ofMinutes(2))).isTrue();
    }
}
