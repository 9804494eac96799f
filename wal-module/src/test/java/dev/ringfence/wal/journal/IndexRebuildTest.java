package dev.ringfence.wal.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringfence.wal.log.MemoryDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The index is made anew while the journal is used, also once retention has given something up. */
class IndexRebuildTest {
    private static final int JOBS = 141;
    private static final JournalOptions OPTIONS = Journals.OPTIONS.withRetention(Duration.ofDays(30), 4 * (16 << 10));

    @TempDir
    Path scratch;

    private Path directory = Path.of("unset");

    @BeforeEach
    void make() throws IOException {
        directory = Files.createDirectory(scratch.resolve("journal"));
    }

    /**
     * Its files become full at other jobs then; the last ones, which no file had any more, once were nowhere until a
     * restart, and their keys were free.
     */
    @Test
    void noJobIsOutOfSightOnceTheIndexWasMadeAnewBehindRetention() throws IOException {
        try (var journal = Journal.recover(directory, OPTIONS).journal()) {
            fill(journal);
            var before = found(journal);
            assertThat(before).hasSizeBetween(20, JOBS - 20);

            flipABlockOfEach(directory.resolve("index"));
            assertThatThrownBy(() -> found(journal)).isInstanceOf(JournalException.IndexDamaged.class);

            Awaitility.await()
                    .ignoreException(JournalException.IndexDamaged.class)
                    .untilAsserted(() -> assertThat(found(journal)).isEqualTo(before));
            assertThat(Journals.ids(journal)).isEqualTo(before.reversed());
            assertThat(journal.figures().indexDamage()).isNull();
            journal.snapshotNow();
            assertThat(found(journal)).isEqualTo(before);
        }
        try (var journal = Journal.recover(directory, OPTIONS).journal()) {
            assertThat(found(journal)).hasSizeGreaterThan(10).endsWith("job-" + (JOBS - 1));
        }
    }

    /** Nothing once woke the keeper, so the index stayed damaged until a question or the next snapshot. */
    @Test
    void anUndoingThatFindsTheIndexDamagedHasItMadeAnew() throws IOException {
        try (var journal = Journal.recover(directory, Journals.OPTIONS).journal()) {
            fill(journal);
            flipABlockOfEach(directory.resolve("index"));

            assertThatThrownBy(() -> Journals.append(journal, Events.rolledBack("job-2")))
                    .isInstanceOf(JournalException.IndexDamaged.class);

            Awaitility.await()
                    .untilAsserted(
                            () -> assertThat(journal.figures().indexDamage()).isNull());
            Journals.append(journal, Events.rolledBack("job-2"));
            assertThat(journal.summary("job-2").orElseThrow().rolledBack()).isTrue();
        }
    }

    /** Their questions once were answered with "no such job": neither place had the job when it was looked at. */
    @Test
    void whoLooksWhileTheIndexIsMadeAnewFindsEveryJob() throws IOException {
        try (var journal = Journal.recover(directory, OPTIONS).journal()) {
            fill(journal);
            var newest = List.of("job-" + (JOBS - 1), "job-" + (JOBS - 4), "job-" + (JOBS - 12));
            for (int round = 0; round < 30; round++) {
                flipABlockOfEach(directory.resolve("index"));
                boolean[] damaged = {false};
                Awaitility.await().pollInterval(Duration.ofMillis(1)).until(() -> {
                    for (var id : newest) {
                        try {
                            assertThat(journal.findByKey("agent-7", "key-" + id))
                                    .isPresent();
                            assertThat(journal.summary(id)).isPresent();
                        } catch (JournalException.IndexDamaged e) {
                            damaged[0] = true;
                            return false;
                        }
                    }
                    return damaged[0] || journal.figures().indexFiles() == 0;
                });
            }
        }
    }

    @Test
    void aReaderOfAFileThatWasReplacedIsNotToldThatThereIsNothingMore() throws IOException {
        var jobs = IntStream.range(0, 400)
                .mapToObj(i -> summary("job-" + i, 1 + 3L * i))
                .toList();
        var run = JournalFiles.of(directory).writeRun(1200, jobs);
        assertThat(run.blocks()).isGreaterThan(2);
        var index = new JobIndex(() -> 1);
        index.become(List.of(run), 1);
        var walk = index.before(Long.MAX_VALUE);
        var looks = new ArrayList<JobIndex.Walk>();

        Files.delete(run.file());
        var left = index.consistently(() -> {
            looks.add(looks.isEmpty() ? walk : index.before(Long.MAX_VALUE));
            if (looks.size() == 1) {
                index.becomeAnew(List.of(), 1);
            }
            return drain(looks.getLast());
        });

        assertThat(left).isZero();
        assertThat(looks).hasSize(2);
    }

    @Test
    void aReaderOfAFileThatWasGivenUpIsAtTheEnd() throws IOException {
        var jobs = IntStream.range(0, 400)
                .mapToObj(i -> summary("job-" + i, 1 + 3L * i))
                .toList();
        var run = JournalFiles.of(directory).writeRun(1200, jobs);
        var index = new JobIndex(() -> 1);
        index.become(List.of(run), 1);
        var walk = index.before(Long.MAX_VALUE);

        Files.delete(run.file());
        index.become(List.of(), 1201);

        assertThat(drain(walk)).isZero();
    }

    private static int drain(JobIndex.Walk walk) {
        int jobs = 0;
        while (walk.next() != null) {
            jobs++;
        }
        return jobs;
    }

    /** A snapshot from before may name the file that is there. */
    @Test
    void aFileOfTheIndexIsNeverReplacedByOneWithOtherJobs() throws IOException {
        var files = JournalFiles.of(directory);
        var first = files.writeRun(8, List.of(summary("job-1", 5)));
        var again = files.writeRun(8, List.of(summary("job-1", 5)));
        var other = files.writeRun(8, List.of(summary("job-2", 6)));

        assertThat(again.file()).isEqualTo(first.file());
        assertThat(other.file()).isNotEqualTo(first.file());
        assertThat(IndexRun.open(files.files(), first.file()).rows(0)).containsExactly(summary("job-1", 5));
        assertThat(IndexRun.open(files.files(), other.file()).rows(0)).containsExactly(summary("job-2", 6));
    }

    /** A snapshot has the arguments of all live jobs. Without room for one nothing once was given up, so none came. */
    @Test
    void withoutRoomForASnapshotOldEventsAreGivenUpAllTheSame() {
        var disk = new MemoryDisk();
        var onDisk = OPTIONS.withLog(OPTIONS.log().withStorage(disk));
        List<String> kept;
        try (var journal = Journal.recover(MemoryDisk.ROOT, onDisk).journal()) {
            for (int i = 0; i < JOBS; i++) {
                Journals.live(journal, "job-" + i);
            }
            disk.breakWith((operation, file) -> {
                if (operation == MemoryDisk.Operation.WRITE && file.toString().contains("/snapshots/")) {
                    throw new IOException("No space left on device");
                }
            });

            assertThatThrownBy(journal::snapshotNow).hasMessageContaining("No space left");

            assertThat(journal.firstSequence()).isGreaterThan(60);
            kept = Journals.ids(journal);
            assertThat(kept).hasSizeLessThan(JOBS - 20).startsWith("job-" + (JOBS - 1));
            assertThat(journal.figures().endedInMemory()).isLessThan(10);
        }
        disk.breakWith((_, _) -> {});
        try (var journal = Journal.recover(MemoryDisk.ROOT, onDisk).journal()) {
            assertThat(Journals.ids(journal)).isEqualTo(kept);
        }
    }

    /** The start from an older snapshot once listed jobs whose events are gone. */
    @Test
    void aStartFromAnOlderSnapshotHasNoJobThatWasGivenUpSince() throws IOException {
        var roomy = OPTIONS.withSnapshots(Integer.MAX_VALUE, 1_000).withRetention(Duration.ofDays(30), 1L << 30);
        var tight = roomy.withRetention(Duration.ofDays(30), 4 * (16 << 10));
        List<String> kept;
        try (var journal = Journal.recover(directory, roomy).journal()) {
            fill(journal);
            journal.snapshotNow();
        }
        try (var journal = Journal.recover(directory, tight).journal()) {
            Journals.live(journal, "job-" + JOBS);
            journal.snapshotNow();
            kept = Journals.ids(journal);
            assertThat(kept).hasSizeLessThan(JOBS - 20);
        }
        var snapshots = JournalFiles.of(directory).snapshotFiles();
        assertThat(snapshots).hasSize(2);
        Files.delete(snapshots.getFirst());

        try (var journal = Journal.recover(directory, tight).journal()) {
            assertThat(Journals.ids(journal)).isEqualTo(kept);
        }
    }

    private static JobSummary summary(String id, long first) {
        var job = JobFold.apply(null, first, Events.submitted(id));
        job = JobFold.apply(job, first + 1, Events.started(id));
        return JobSummary.of(JobFold.apply(job, first + 2, Events.completed(id)));
    }

    private static void fill(Journal journal) throws IOException {
        for (int i = 0; i < JOBS; i++) {
            var id = "job-" + i;
            Journals.append(journal, Events.submitted(id, "key-" + id));
            Journals.append(journal, Events.started(id));
            Journals.append(journal, Events.completed(id));
            if (i % 7 == 0) {
                journal.snapshotNow();
            }
        }
        journal.snapshotNow();
    }

    /** The jobs that are found by their id, and by their key. */
    private static List<String> found(Journal journal) {
        return IntStream.range(0, JOBS)
                .mapToObj(i -> "job-" + i)
                .filter(id -> {
                    var byKey = journal.findByKey("agent-7", "key-" + id).isPresent();
                    assertThat(journal.find(id).isPresent()).as(id).isEqualTo(byKey);
                    return byKey;
                })
                .toList();
    }

    private static void flipABlockOfEach(Path index) throws IOException {
        try (var files = Files.list(index)) {
            for (var file : files.toList()) {
                try {
                    var bytes = Files.readAllBytes(file);
                    bytes[40] ^= 1;
                    Files.write(file, bytes, StandardOpenOption.WRITE);
                } catch (NoSuchFileException e) {
                    // Tidied up meanwhile.
                }
            }
        }
    }
}
