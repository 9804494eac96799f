package dev.ringfence.api.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.api.job.AdmissionException;
import dev.ringfence.api.job.FixedTerms;
import dev.ringfence.api.job.JobSettings;
import dev.ringfence.api.job.Jobs;
import dev.ringfence.api.job.Unwatched;
import dev.ringfence.catalog.Catalog;
import dev.ringfence.runner.capability.Capabilities;
import dev.ringfence.runner.files.Artifacts;
import dev.ringfence.runner.files.Backups;
import dev.ringfence.runner.files.JobFiles;
import dev.ringfence.runner.files.Workspaces;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.journal.JobSummary;
import dev.ringfence.wal.journal.Journal;
import dev.ringfence.wal.journal.JournalOptions;
import dev.ringfence.wal.map.DurableMap;
import io.smallrye.mutiny.Uni;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SessionsTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    @TempDir
    Path directory;

    @Test
    void sessionsAndTheirEndsAreThereAfterARestart() {
        Session made;
        try (var sessions = new Sessions(directory, 10, () -> 0)) {
            made = await(sessions.create("a", Optional.of("one")));
            await(sessions.create("b", Optional.of("one")));
            await(sessions.close("b", "one"));
        }

        try (var sessions = new Sessions(directory, 10, () -> 0)) {
            assertThat(sessions.find("a", "one")).isEqualTo(made);
            assertThat(sessions.find("b", "one").open()).isFalse();
            assertThat(await(sessions.create("a", Optional.empty())).number()).isGreaterThan(2);
            assertThatThrownBy(() -> sessions.find("c", "one")).isInstanceOf(UnknownSession.class);
        }
    }

    @Test
    void aJobMakesTheSessionThatItNamesAndIsNotOlderThanIt() {
        var submission = submitted("a", "new");
        try (var sessions = new Sessions(directory, 10, () -> 0)) {
            await(sessions.before(submission));
            sessions.settled(submission, true);
            await(sessions.before(submitted("a", "new")));
        }

        try (var sessions = new Sessions(directory, 10, () -> 0)) {
            assertThat(sessions.find("a", "new").createdAt()).isBeforeOrEqualTo(submission.at());
            assertThat(all(sessions).sessions()).hasSize(1);
        }
    }

    @Test
    void aClosedSessionTakesNoJobs() {
        try (var sessions = new Sessions(directory, 10, () -> 0)) {
            await(sessions.create("a", Optional.of("done")));
            var closed = await(sessions.close("a", "done"));

            assertThatThrownBy(() -> await(sessions.before(submitted("a", "done"))))
                    .isInstanceOf(AdmissionException.Conflict.class)
                    .hasMessageContaining("done");
            assertThatThrownBy(() -> sessions.check(submitted("a", "done")))
                    .isInstanceOf(AdmissionException.Conflict.class);
            assertThat(await(sessions.close("a", "done"))).isEqualTo(closed);
            await(sessions.before(submitted("b", "done")));
        }
    }

    @Test
    void anAgentHasSoManySessionsAndNoMore() {
        try (var sessions = new Sessions(directory, 2, () -> 0)) {
            await(sessions.create("a", Optional.of("one")));
            await(sessions.before(submitted("a", "two")));
            sessions.check(submitted("a", "two"));
            assertThatThrownBy(() -> sessions.check(submitted("a", "three")))
                    .isInstanceOf(AdmissionException.Invalid.class);

            assertThatThrownBy(() -> await(sessions.before(submitted("a", "three"))))
                    .isInstanceOf(AdmissionException.Invalid.class)
                    .hasMessageContaining("ringfence.sessions.per-agent is 2");
            assertThatThrownBy(() -> await(sessions.create("a", Optional.empty())))
                    .isInstanceOf(AdmissionException.Invalid.class);
            await(sessions.create("b", Optional.of("one")));
        }
    }

    @Test
    void listsComeInPagesTheNewestFirst() {
        try (var sessions = new Sessions(directory, 10, () -> 0)) {
            for (var id : new String[] {"1", "2", "3"}) {
                await(sessions.create("a", Optional.of(id)));
            }

            var first = sessions.list(session -> true, OptionalLong.empty(), 2);
            await(sessions.create("a", Optional.of("4")));
            var second = sessions.list(session -> true, first.next(), 2);

            assertThat(first.sessions()).extracting(Session::id).containsExactly("3", "2");
            assertThat(second.sessions()).extracting(Session::id).containsExactly("1");
            assertThat(second.next()).isEmpty();
        }
    }

    @Test
    void aSubmissionThatIsSettledTwiceStandsForNoOther() {
        var first = submitted("job-1", "a", "one");
        var second = submitted("job-2", "a", "one");
        try (var journal = Journal.recover(directory.resolve("journal"), JournalOptions.defaults())
                        .journal();
                var sessions = new Sessions(directory.resolve("sessions"), 10, journal::lastSequence)) {
            await(sessions.before(first));
            await(sessions.before(second));
            // As when a later preparation fails, and then the submission for that reason.
            sessions.settled(first, false);
            sessions.settled(first, false);

            var deletion = new CompletableFuture<Boolean>();
            var thread = Thread.ofVirtual()
                    .start(() -> deletion.complete(delete(sessions, jobs(journal, sessions), files())));

            Awaitility.await().until(() -> !sessions.find("a", "one").open() && waits(thread));
            sessions.settled(second, true);
            assertThat(deletion.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                            .join())
                    .isTrue();
        }
    }

    @Test
    void ofTwoWhoDeleteASessionOneDoesAndTheOtherLeavesANewOneOfThatNameAlone() {
        var submission = submitted("a", "one");
        try (var journal = Journal.recover(directory.resolve("journal"), JournalOptions.defaults())
                        .journal();
                var sessions = new Sessions(directory.resolve("sessions"), 10, journal::lastSequence)) {
            var jobs = jobs(journal, sessions);
            var files = files();
            // A submission that is about to be settled holds up both.
            await(sessions.before(submission));
            var threads = new CopyOnWriteArrayList<Thread>();
            var deletions = Stream.generate(() -> CompletableFuture.supplyAsync(
                            () -> delete(sessions, jobs, files),
                            task -> threads.add(Thread.ofVirtual().start(task))))
                    .limit(2)
                    .toList();
            Awaitility.await()
                    .until(() -> !sessions.find("a", "one").open()
                            && threads.stream().allMatch(SessionsTest::waits));

            sessions.settled(submission, false);
            Awaitility.await().until(() -> deletions.stream().anyMatch(CompletableFuture::isDone));
            var fresh = createdAnew(sessions);

            assertThat(deletions).extracting(CompletableFuture::join).containsExactlyInAnyOrder(true, false);
            assertThat(sessions.find("a", "one")).isEqualTo(fresh);
        }
    }

    /**
     * They were looked for by their times: of many who submitted first at the same moment some came before their session,
     * and went on running in a session that was deleted.
     */
    @Test
    void aSessionHasTheJobsThatCameIntoItWhateverTheClockSaid() {
        var early = submitted("early", "a", "one", Instant.parse("2001-01-01T00:00:00Z"));
        try (var journal = Journal.recover(directory.resolve("journal"), JournalOptions.defaults())
                        .journal();
                var sessions = new Sessions(directory.resolve("sessions"), 10, journal::lastSequence)) {
            var jobs = jobs(journal, sessions);
            var of = createdAnew(sessions);
            enter(sessions, journal, submitted("first", "a", "one"));
            enter(sessions, journal, early);

            assertThat(jobs.list(of.jobs(null, null), OptionalLong.empty(), 100).jobs())
                    .extracting(JobSummary::jobId)
                    .containsExactly("early", "first");

            await(journal.append(
                    new JobEvent.Cancelled("early", Instant.now(), "x", JsonNodeFactory.instance.objectNode())));
            await(journal.append(
                    new JobEvent.Cancelled("first", Instant.now(), "x", JsonNodeFactory.instance.objectNode())));
            assertThat(delete(sessions, jobs, files())).isTrue();
            var next = createdAnew(sessions);
            assertThat(jobs.list(next.jobs(null, null), OptionalLong.empty(), 100)
                            .jobs())
                    .isEmpty();
            enter(sessions, journal, submitted("later", "a", "one", Instant.parse("2001-01-01T00:00:00Z")));
        }
        try (var journal = Journal.recover(directory.resolve("journal"), JournalOptions.defaults())
                        .journal();
                var sessions = new Sessions(directory.resolve("sessions"), 10, journal::lastSequence)) {
            var again = sessions.find("a", "one");
            assertThat(jobs(journal, sessions)
                            .list(again.jobs(null, null), OptionalLong.empty(), 100)
                            .jobs())
                    .extracting(JobSummary::jobId)
                    .containsExactly("later");
        }
        // Another journal, whose events begin with 1 again.
        for (int life = 0; life < 2; life++) {
            try (var journal = Journal.recover(directory.resolve("other"), JournalOptions.defaults())
                            .journal();
                    var sessions = new Sessions(directory.resolve("sessions"), 10, journal::lastSequence)) {
                if (life == 0) {
                    enter(sessions, journal, submitted("anew", "a", "one"));
                }
                assertThat(jobs(journal, sessions)
                                .list(sessions.find("a", "one").jobs(null, null), OptionalLong.empty(), 100)
                                .jobs())
                        .extracting(JobSummary::jobId)
                        .containsExactly("anew");
            }
        }
    }

    @Test
    void aSessionOfAnEarlierVersionHasTheJobsFromItsTimeOn() {
        try (var map = DurableMap.open(directory.resolve("sessions"));
                var journal = Journal.recover(directory.resolve("journal"), JournalOptions.defaults())
                        .journal()) {
            await(map.put(
                    "a\0one",
                    JsonNodeFactory.instance
                            .objectNode()
                            .put("agent", "a")
                            .put("id", "one")
                            .put("number", 1)
                            .put(
                                    "created_at_ms",
                                    Instant.parse("2001-01-01T00:00:00Z").toEpochMilli())));
            await(journal.append(submitted("before", "a", "one", Instant.parse("2000-01-01T00:00:00Z"))));
            await(journal.append(submitted("in it", "a", "one")));
        }
        try (var journal = Journal.recover(directory.resolve("journal"), JournalOptions.defaults())
                        .journal();
                var sessions = new Sessions(directory.resolve("sessions"), 10, journal::lastSequence)) {
            assertThat(jobs(journal, sessions)
                            .list(sessions.find("a", "one").jobs(null, null), OptionalLong.empty(), 100)
                            .jobs())
                    .extracting(JobSummary::jobId)
                    .containsExactly("in it");
        }
    }

    private static void enter(Sessions sessions, Journal journal, JobEvent.Submitted submission) {
        await(sessions.before(submission));
        await(journal.append(submission));
        sessions.settled(submission, true);
    }

    private JobFiles files() {
        return new JobFiles(
                new Workspaces(directory.resolve("workspaces"), 300_000),
                new Artifacts(directory.resolve("artifacts"), new Artifacts.Limits(1, 1, 1), Duration.ofHours(1)),
                new Backups(directory.resolve("backups"), 1, Duration.ofHours(1)));
    }

    private static boolean waits(Thread thread) {
        return thread.getState() == Thread.State.WAITING || thread.getState() == Thread.State.TIMED_WAITING;
    }

    /** Whether it was there to be deleted. */
    private static boolean delete(Sessions sessions, Jobs jobs, JobFiles files) {
        try {
            sessions.delete("a", "one", jobs, files);
            return true;
        } catch (UnknownSession _) {
            return false;
        }
    }

    private static Session createdAnew(Sessions sessions) {
        return await(sessions.create("a", Optional.of("one")));
    }

    private static Jobs jobs(Journal journal, Sessions sessions) {
        return new Jobs(
                new JobSettings(1, 1, 1, 1 << 20, Map.of(), 1, 1 << 20, Duration.ofSeconds(1), 1),
                journal,
                Capabilities.of(List.of()),
                new FixedTerms(Catalog.empty()),
                Unwatched.HOST,
                sessions,
                Unwatched.OBSERVER);
    }

    private static SessionPage all(Sessions sessions) {
        return sessions.list(session -> true, OptionalLong.empty(), 100);
    }

    private static <T extends @Nullable Object> T await(Uni<T> uni) {
        return uni.await().atMost(PATIENCE);
    }

    private static JobEvent.Submitted submitted(String agent, String session) {
        return submitted("job of " + session, agent, session);
    }

    private static JobEvent.Submitted submitted(String job, String agent, String session) {
        return submitted(job, agent, session, Instant.now());
    }

    private static JobEvent.Submitted submitted(String job, String agent, String session, Instant at) {
        return new JobEvent.Submitted(
                job,
                at,
                agent,
                session,
                "Probe",
                JsonNodeFactory.instance.objectNode(),
                "standard",
                Duration.ofSeconds(1),
                null,
                0);
    }
}
