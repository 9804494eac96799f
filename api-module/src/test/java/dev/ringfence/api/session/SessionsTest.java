package dev.ringfence.api.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.api.job.AdmissionException;
import dev.ringfence.wal.journal.JobEvent;
import io.smallrye.mutiny.Uni;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SessionsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TempDir
    Path directory;

    @Test
    void sessionsAndTheirEndsAreThereAfterARestart() {
        Session made;
        try (var sessions = new Sessions(directory, 10)) {
            made = await(sessions.create("a", Optional.of("one")));
            await(sessions.create("b", Optional.of("one")));
            await(sessions.close("b", "one"));
        }

        try (var sessions = new Sessions(directory, 10)) {
            assertThat(sessions.find("a", "one")).isEqualTo(made);
            assertThat(sessions.find("b", "one").open()).isFalse();
            assertThat(await(sessions.create("a", Optional.empty())).number()).isGreaterThan(2);
            assertThatThrownBy(() -> sessions.find("c", "one")).isInstanceOf(UnknownSession.class);
        }
    }

    @Test
    void aJobMakesTheSessionThatItNamesAndIsNotOlderThanIt() {
        var submission = submitted("a", "new");
        try (var sessions = new Sessions(directory, 10)) {
            await(sessions.before(submission));
            sessions.settled(submission, true);
            await(sessions.before(submitted("a", "new")));
        }

        try (var sessions = new Sessions(directory, 10)) {
            assertThat(sessions.find("a", "new").createdAt()).isBeforeOrEqualTo(submission.at());
            assertThat(all(sessions).sessions()).hasSize(1);
        }
    }

    @Test
    void aClosedSessionTakesNoJobs() {
        try (var sessions = new Sessions(directory, 10)) {
            await(sessions.create("a", Optional.of("done")));
            var closed = await(sessions.close("a", "done"));

            assertThatThrownBy(() -> await(sessions.before(submitted("a", "done"))))
                    .isInstanceOf(AdmissionException.Conflict.class)
                    .hasMessageContaining("done");
            assertThat(await(sessions.close("a", "done"))).isEqualTo(closed);
            await(sessions.before(submitted("b", "done")));
        }
    }

    @Test
    void anAgentHasSoManySessionsAndNoMore() {
        try (var sessions = new Sessions(directory, 2)) {
            await(sessions.create("a", Optional.of("one")));
            await(sessions.before(submitted("a", "two")));

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
        try (var sessions = new Sessions(directory, 10)) {
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

    private static SessionPage all(Sessions sessions) {
        return sessions.list(session -> true, OptionalLong.empty(), 100);
    }

    private static <T extends @Nullable Object> T await(Uni<T> uni) {
        return uni.await().atMost(PATIENCE);
    }

    private static JobEvent.Submitted submitted(String agent, String session) {
        return new JobEvent.Submitted(
                "job of " + session,
                Instant.now(),
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
