package dev.ringfence.api.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.wal.journal.JobQuery;
import dev.ringfence.wal.log.Health;
import dev.ringfence.wal.log.LogException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A small disk that a test can fill. */
class FullDiskTest {
    @TempDir
    Path directory;

    private Path disk = Path.of("unset");

    @BeforeEach
    void mount() throws Exception {
        disk = Files.createDirectory(directory.resolve("disk"));
        assumeTrue(
                run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk.toString()),
                "a disk that can be filled needs the right to mount one");
    }

    @AfterEach
    void unmount() throws Exception {
        run("umount", "--lazy", disk.toString());
    }

    @Test
    void nothingIsAcknowledgedThatHasNoRoomAndNothingThatWasIsLost() throws Exception {
        var probe = Probe.heldByTheTest();
        var journal = disk.resolve("journal");
        var acknowledged = new ArrayList<Job>();
        try (var pipeline = Pipeline.open(journal, Pipeline.settings(2, 1000), probe)) {
            var filler = fill();
            var bulky = JsonNodeFactory.instance.objectNode().put("bulk", "x".repeat(20_000));
            Throwable refused = null;
            while (refused == null) {
                refused = catchThrowable(() -> acknowledged.add(pipeline.submit(null, bulky)));
            }

            assertThat(refused).isInstanceOf(LogException.NoSpace.class);
            assertThat(pipeline.refused).containsExactly("no-space");
            assertThat(acknowledged).isNotEmpty();
            assertThat(pipeline.ids())
                    .hasSameElementsAs(acknowledged.stream().map(Job::id).toList());
            assertThat(pipeline.jobs.live()).isEqualTo(acknowledged.size());
            Files.delete(filler);
            await().untilAsserted(() -> {
                probe.works.values().forEach(Probe.Work::complete);
                assertThat(acknowledged)
                        .allSatisfy(job -> assertThat(job.view().state()).isEqualTo(JobView.State.COMPLETED));
            });
            assertThat(pipeline.events().stream().filter(event -> event.type().equals("submitted")))
                    .hasSameSizeAs(acknowledged);
        }
        try (var pipeline = Pipeline.open(journal, Probe.done())) {
            assertThat(pipeline.jobs
                            .list(JobQuery.all(), OptionalLong.empty(), 1000)
                            .jobs())
                    .hasSameSizeAs(acknowledged)
                    .allSatisfy(job -> assertThat(job.state()).isEqualTo("completed"));
        }
    }

    @Test
    void aStartWithoutRoomIsNoFailureAndWhatItHasToWriteIsWrittenOnceThereIsRoom() throws Exception {
        var journal = disk.resolve("journal");
        var probe = Probe.heldByTheTest();
        var ids = new ArrayList<String>();
        try (var pipeline = Pipeline.open(journal, Pipeline.settings(8, 1000), probe)) {
            ids.add(pipeline.submit().id());
            probe.started(ids.getFirst());
        }
        tear(journal.resolve("00000000000000000001.wal"));
        var filler = fill();

        try (var pipeline = Pipeline.open(journal, Pipeline.settings(8, 1000), Probe.done())) {
            assertThat(pipeline.jobs.find(ids.getFirst())).isPresent();
            assertThat(catchThrowable(() -> pipeline.submit())).isInstanceOf(LogException.NoSpace.class);
            await().until(() -> pipeline.journal.health() instanceof Health.Full);

            Files.delete(filler);

            await().until(() -> pipeline.journal.health() instanceof Health.Writable);
            await().untilAsserted(() -> assertThat(pipeline.jobs
                            .find(ids.getFirst())
                            .orElseThrow()
                            .view()
                            .state())
                    .isEqualTo(JobView.State.INTERRUPTED));
            assertThat(pipeline.end(pipeline.submit()).state()).isEqualTo(JobView.State.COMPLETED);
        }
    }

    /** As a crash in the middle of a write leaves it: the start has to keep a copy of that, which takes room. */
    private static void tear(Path segment) throws IOException {
        var bytes = Files.readAllBytes(segment);
        int end = bytes.length;
        while (bytes[end - 1] == 0) {
            end--;
        }
        try (var file = FileChannel.open(segment, StandardOpenOption.WRITE)) {
            var _ = file.write(ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5, 6, 7, 8}), end + 64);
        }
    }

    /** Leaves no room but what the journal has already taken. */
    private Path fill() throws IOException {
        var filler = disk.resolve("filler");
        try (var out = Files.newOutputStream(filler)) {
            byte[] block = new byte[4096];
            while (true) {
                out.write(block);
            }
        } catch (IOException full) {
            return filler;
        }
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        var process = new ProcessBuilder(command).inheritIO().start();
        return process.waitFor(2, TimeUnit.MINUTES) && process.exitValue() == 0;
    }
}
