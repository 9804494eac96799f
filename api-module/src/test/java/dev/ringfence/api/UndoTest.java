package dev.ringfence.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.job.JobView;
import dev.ringfence.api.job.Submission;
import dev.ringfence.api.job.Unwatched;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.log.LogObserver;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Undoing, with the whole service below HTTP, where the journal and the backups do not end at the same place. */
class UndoTest {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    @TempDir
    Path data;

    @TempDir
    Path copies;

    /** The file was put back then, and the undoing failed: the journal knew nothing to say it of. */
    @Test
    void aJobWhoseEventsWereGivenUpIsUndoneForAsLongAsItsBackupIsKept() throws IOException {
        String id;
        try (var service = open()) {
            write(service, "first");
            id = write(service, "second").id();
        }
        // As retention does by its size, while backups are kept for days.
        copy(data.resolve("journal"), copies.resolve("journal"));
        delete(data.resolve("journal"));

        try (var service = open()) {
            assertThat(service.jobs().find(id)).isEmpty();
            assertThat(undo(service, id).state()).isEqualTo(JobView.State.COMPLETED);
            assertThat(read(service)).isEqualTo("first");
        }
    }

    /** The job that was undone was "completed" for good, and nobody could change that. */
    @Test
    void anUndoingThatWasCutShortBeforeItWasToldIsToldByTheNextOne() throws IOException {
        String id;
        try (var service = open()) {
            write(service, "first");
            id = write(service, "second").id();
        }
        copy(data.resolve("journal"), copies.resolve("journal"));
        try (var service = open()) {
            assertThat(undo(service, id).state()).isEqualTo(JobView.State.COMPLETED);
        }
        // As after a kill before the journal had it.
        delete(data.resolve("journal"));
        copy(copies.resolve("journal"), data.resolve("journal"));

        try (var service = open()) {
            assertThat(service.jobs().find(id).orElseThrow().view().state()).isEqualTo(JobView.State.COMPLETED);

            var again = undo(service, id);

            assertThat(again.error())
                    .isNotNull()
                    .extracting(JobEvent.Trouble::type)
                    .isEqualTo("already-undone");
            var undone = service.jobs().find(id).orElseThrow().view();
            assertThat(undone.state()).isEqualTo(JobView.State.ROLLED_BACK);
            assertThat(undone.fate().undoneBy()).isEqualTo(again.id());
            assertThat(read(service)).isEqualTo("first");

            var third = undo(service, id);
            assertThat(third.error())
                    .isNotNull()
                    .extracting(JobEvent.Trouble::type)
                    .isEqualTo("already-undone");
            assertThat(service.jobs().find(id).orElseThrow().view().fate().undoneBy())
                    .isEqualTo(again.id());
        }
    }

    private static JobView write(Ringfence service, String content) {
        var job = run(
                service,
                "FileWrite",
                JsonNodeFactory.instance.objectNode().put("path", "a.txt").put("content", content));
        assertThat(job.state()).isEqualTo(JobView.State.COMPLETED);
        return job;
    }

    private static String read(Ringfence service) {
        var job = run(service, "FileRead", JsonNodeFactory.instance.objectNode().put("path", "a.txt"));
        assertThat(job.result()).isNotNull();
        return job.result().path("content").asText();
    }

    private static JobView undo(Ringfence service, String id) {
        return run(service, "Undo", JsonNodeFactory.instance.objectNode().put("job_id", id));
    }

    private static JobView run(Ringfence service, String capability, ObjectNode arguments) {
        return service.jobs()
                .submit(Submission.of("anonymous", capability, arguments).build())
                .flatMap(job -> job.ended())
                .await()
                .atMost(PATIENCE);
    }

    private static void copy(Path from, Path to) throws IOException {
        try (var all = Files.walk(from)) {
            for (var file : all.toList()) {
                Files.copy(file, to.resolve(from.relativize(file)));
            }
        }
    }

    private static void delete(Path directory) throws IOException {
        try (var all = Files.walk(directory)) {
            for (var file : all.toList().reversed()) {
                Files.delete(file);
            }
        }
    }

    private Ringfence open() {
        // The host of the tests is busy, and that is no reason here.
        var settings = Map.of("ringfence.data", data.toString(), "ringfence.guard.enabled", "false");
        var config = new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .withMapping(RingfenceConfig.class)
                .withSources(new PropertiesConfigSource(settings, "test", 100))
                .build()
                .getConfigMapping(RingfenceConfig.class);
        return Ringfence.open(config, Ringfence.Purpose.SERVICE, Unwatched.OBSERVER, LogObserver.none());
    }
}
