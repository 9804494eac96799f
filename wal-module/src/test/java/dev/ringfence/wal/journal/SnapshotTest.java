package dev.ringfence.wal.journal;

import static org.assertj.core.api.Assertions.as;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.LONG;

import dev.ringfence.wal.log.MemoryDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotTest {

    @TempDir
    Path scratch;

    private Path directory = Path.of("unset");
    private final List<Long> snapshots = new ArrayList<>();
    private final List<Long> replayed = new ArrayList<>();
    private final List<String> unusable = new ArrayList<>();

    private final JournalOptions options = Journals.OPTIONS.withObserver(new JournalObserver() {
        @Override
        public void replayed(long snapshot, long events, Duration took) {
            snapshots.add(snapshot);
            replayed.add(events);
        }

        @Override
        public void unusable(String what, String why) {
            unusable.add(why);
        }
    });

    @BeforeEach
    void make() throws IOException {
        directory = Files.createDirectory(scratch.resolve("journal"));
    }

    @Test
    void theFoldOfASnapshotAndTheRestIsTheFoldOfAll() throws IOException {
        for (int seed = 0; seed < 60; seed++) {
            var events = Journals.history(seed, 120);
            int cut = 1 + seed * 2 % 119;
            var wholeFiles = JournalFiles.of(Files.createDirectory(directory.resolve("whole-" + seed)));
            var partFiles = JournalFiles.of(Files.createDirectory(directory.resolve("part-" + seed)));
            var whole = new JournalState(wholeFiles, 5, JournalObserver.none());
            var part = new JournalState(partFiles, 5, JournalObserver.none());
            var payload = new byte[0];
            for (int i = 0; i < events.size(); i++) {
                payload = EventRecord.of(events.get(i), 4096).after(payload);
                whole.accept(i + 1, payload);
                part.accept(i + 1, payload);
                if (i + 1 == cut) {
                    partFiles.write(part.snapshot());
                    var file = partFiles.snapshotFiles().getFirst();
                    part = new JournalState(partFiles, 5, JournalObserver.none(), partFiles.readSnapshot(file));
                }
            }
            assertThat(part.liveJobs()).as("seed %d", seed).isEqualTo(whole.liveJobs());
            assertThat(part.ended()).as("seed %d", seed).isEqualTo(whole.ended());
            assertThat(rows(part)).as("seed %d", seed).isEqualTo(rows(whole));
        }
    }

    private static List<JobSummary> rows(JournalState state) throws IOException {
        var rows = new ArrayList<JobSummary>();
        for (var run : state.runs()) {
            for (int block = 0; block < run.blocks(); block++) {
                rows.addAll(run.rows(block));
            }
        }
        return rows;
    }

    /** Of some languages the digits are others. */
    @Test
    void aSnapshotIsFoundWhateverTheLanguageOfTheHost() {
        var before = Locale.getDefault();
        Locale.setDefault(Locale.forLanguageTag("ar-EG"));
        try {
            fill(0, 100);
            replayed.clear();
            Journal.recover(directory, options).journal().close();
        } finally {
            Locale.setDefault(before);
        }
        assertThat(replayed).containsExactly(0L);
        assertThat(directory.resolve("snapshots"))
                .isDirectoryContaining(file -> file.getFileName().toString().matches("[0-9]{20}\\.snapshot"));
    }

    @Test
    void aRestartReadsOnlyWhatCameAfterTheSnapshot() {
        fill(0, 100);
        replayed.clear();

        try (var journal = Journal.recover(directory, options).journal()) {
            assertThat(replayed).containsExactly(0L);
            assertThat(snapshots).last().isEqualTo(300L);
            assertThat(Journals.ids(journal)).isEqualTo(Journals.newestFirst(0, 100));
            assertThat(journal.find("job-3").orElseThrow().state().word()).isEqualTo("completed");
            assertThat(journal.find("nobody")).isEmpty();
        }
    }

    @Test
    void aSnapshotThatIsDamagedInAnyByteIsPassedOverAndNothingIsMissing() throws IOException {
        fill(0, 12);
        var file = newestSnapshot();
        var whole = Files.readAllBytes(file);
        for (int at = 0; at < whole.length; at += 131) {
            var damaged = whole.clone();
            damaged[at] ^= 4;
            Files.write(file, damaged);
            assertWhole(12);
            Files.write(file, whole);
        }
        assertThat(unusable).isNotEmpty();
    }

    @Test
    void withoutAnySnapshotOrIndexAllEventsAreRead() throws IOException {
        fill(0, 35);
        deleteAll(directory.resolve("snapshots"));
        deleteAll(directory.resolve("index"));
        replayed.clear();

        assertWhole(35);

        assertThat(replayed).containsExactly(105L);
        assertThat(snapshots).last().isEqualTo(0L);
    }

    @Test
    void aFileOfTheIndexThatIsGoneIsMadeAnewAtTheStart() throws IOException {
        fill(0, 35);
        try (var files = Files.list(directory.resolve("index"))) {
            Files.delete(files.findFirst().orElseThrow());
        }

        assertWhole(35);
    }

    /** A bit of the names' filter that is gone would be a job that is not found. */
    @Test
    void aFileOfTheIndexWithAnyFlippedByteInItsHeaderOrTailIsNotOpened() throws IOException {
        fill(0, 35);
        var files = JournalFiles.of(directory);
        Path file;
        try (var runs = Files.list(files.index())) {
            file = runs.findFirst().orElseThrow();
        }
        var whole = Files.readAllBytes(file);
        int footer = whole.length - 16;
        int length = ByteBuffer.wrap(whole).getInt(footer);
        assertThat(length).isBetween(20, footer);
        // The last four bytes of the header mean nothing.
        for (int at = 0; at < whole.length; at = at == 11 ? footer - length : at + 1) {
            var damaged = whole.clone();
            damaged[at] ^= 4;
            Files.write(file, damaged);

            assertThatThrownBy(() -> IndexRun.open(files.files(), file))
                    .as("byte %d", at)
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void anIndexThatIsDamagedWhileItIsUsedIsMadeAnew() throws IOException {
        fill(0, 35);
        try (var journal = Journal.recover(directory, options).journal()) {
            flipABlockOfEach(directory.resolve("index"));
            assertThatThrownBy(() -> Journals.ids(journal)).isInstanceOf(JournalException.IndexDamaged.class);

            org.awaitility.Awaitility.await()
                    .ignoreException(JournalException.IndexDamaged.class)
                    .untilAsserted(() -> assertThat(Journals.ids(journal)).isEqualTo(Journals.newestFirst(0, 35)));
        }
    }

    /** The start once ended with it, for good, though all events were intact. */
    @Test
    void aStartThatAsksADamagedIndexReadsAllEventsInstead() throws IOException {
        fill(0, 35);
        try (var journal = Journal.recover(directory, options).journal()) {
            Journals.append(journal, Events.rolledBack("job-2"));
            // What a kill leaves: the undoing is behind the newest snapshot.
            copyAll(directory, directory.resolveSibling("killed"));
        }
        var killed = directory.resolveSibling("killed");
        flipABlockOfEach(killed.resolve("index"));
        replayed.clear();

        try (var journal = Journal.recover(killed, options).journal()) {
            assertThat(replayed).singleElement(as(LONG)).isGreaterThanOrEqualTo(106);
            assertThat(unusable).isNotEmpty().allMatch(why -> why.contains("checksum"));
            assertThat(journal.summary("job-2").orElseThrow().rolledBack()).isTrue();
            assertThat(Journals.ids(journal)).isEqualTo(Journals.newestFirst(0, 35));
        }
    }

    /** There once was no more snapshot until a restart, each time for the same reason. */
    @Test
    void aDamagedIndexThatASnapshotAsksIsMadeAnew() throws IOException {
        fill(0, 35);
        try (var journal = Journal.recover(directory, options).journal()) {
            Journals.append(journal, Events.rolledBack("job-2"));
            flipABlockOfEach(directory.resolve("index"));

            journal.snapshotNow();

            assertThat(journal.figures().snapshotSequence()).isEqualTo(106);
            assertThat(unusable).singleElement().asString().contains("checksum");
            assertThat(journal.figures().indexDamage()).isNull();
            assertThat(Journals.ids(journal)).isEqualTo(Journals.newestFirst(0, 35));
        }
    }

    /** A half-restored backup once was begun as an empty journal, whose first sweep removed all outputs. */
    @Test
    void whereOnlyTheLogIsMissingNoEmptyJournalIsBegun() throws IOException {
        fill(0, 35);
        try (var journal = Journal.recover(directory, options).journal()) {
            BlobStoreTest.write(journal.blobs(), "stdout", new byte[] {1, 2, 3});
        }
        for (var left : List.of("blobs", "index", "snapshots")) {
            var half = Files.createDirectory(scratch.resolve("only-" + left));
            copyAll(directory.resolve(left), half.resolve(left));

            assertThatThrownBy(() -> Journal.recover(half, options))
                    .isInstanceOf(JournalException.LogMissing.class)
                    .hasMessageContaining(half.resolve(left).toString())
                    .hasMessageContaining("backup");
            assertThat(half).isDirectoryContaining(file -> file.endsWith(left)).isDirectoryNotContaining("glob:**.wal");
        }

        var empty = Files.createDirectory(scratch.resolve("empty"));
        Files.createDirectory(empty.resolve("blobs"));
        Journal.recover(empty, options).journal().close();
    }

    /** The thread once ended with it: no more snapshots, retention or rebuilding, and nobody was told. */
    @Test
    void anErrorInTheMiddleOfTheKeepersWorkIsToldAndTheWorkGoesOn() {
        var disk = new MemoryDisk();
        var failed = new AtomicBoolean();
        disk.breakWith((operation, file) -> {
            if (operation == MemoryDisk.Operation.WRITE
                    && file.toString().contains("/index/")
                    && failed.compareAndSet(false, true)) {
                throw new OutOfMemoryError("as it may be for a moment");
            }
        });
        var told = new ArrayList<Throwable>();
        var onDisk = Journals.OPTIONS
                .withSnapshots(30, 10)
                .withLog(Journals.OPTIONS.log().withStorage(disk))
                .withObserver(new JournalObserver() {
                    @Override
                    public synchronized void trouble(String what, Throwable why) {
                        told.add(why);
                    }
                });
        try (var journal = Journal.recover(MemoryDisk.ROOT, onDisk).journal()) {
            for (int i = 0; i < 15; i++) {
                Journals.live(journal, "job-" + i);
            }
            org.awaitility.Awaitility.await().until(failed::get);

            int[] more = {15};
            org.awaitility.Awaitility.await().untilAsserted(() -> {
                Journals.live(journal, "job-" + more[0]++);
                assertThat(journal.figures().snapshotSequence()).isGreaterThan(45);
            });

            assertThat(told).singleElement().isInstanceOf(OutOfMemoryError.class);
            assertThat(Journals.ids(journal)).isEqualTo(Journals.newestFirst(0, more[0]));
        }
    }

    @Test
    void aJournalThatLostEventsThatASnapshotHasSeenDoesNotStart() throws IOException {
        Path log;
        try (var journal = Journal.recover(directory, options).journal()) {
            Journals.live(journal, "job-0");
        }
        log = Files.createDirectory(directory.resolve("before"));
        copySegments(directory, log);
        fill(1, 5);
        copySegments(log, directory);

        assertThatThrownBy(() -> Journal.recover(directory, options))
                .hasMessageContaining("damaged")
                .hasMessageContaining("record");
    }

    @Test
    void aJournalThatWasWrittenAnewUnderItsSnapshotDoesNotStart() throws IOException {
        fill(0, 5);
        var other = Files.createDirectory(directory.resolve("other"));
        try (var journal = Journal.recover(other, options).journal()) {
            for (int i = 0; i < 5; i++) {
                Journals.live(journal, "forged-" + i);
            }
        }
        copySegments(other, directory);

        assertThatThrownBy(() -> Journal.recover(directory, options))
                .isInstanceOf(JournalException.Broken.class)
                .hasMessageContaining("was made when it was another event");
    }

    @Test
    void aJobCanBeUndoneLongAfterItsEndAndOnlyOnce() {
        fill(0, 35);
        try (var journal = Journal.recover(directory, options).journal()) {
            Journals.append(journal, Events.rolledBack("job-2"));
            assertThatThrownBy(() -> Journals.append(journal, Events.rolledBack("job-2")))
                    .isInstanceOf(JournalException.IllegalTransition.class);
        }
        try (var journal = Journal.recover(directory, options).journal()) {
            assertThat(journal.find("job-2").orElseThrow().state())
                    .isInstanceOfSatisfying(
                            JobState.Ended.class,
                            end -> assertThat(end.rolledBack()).isEqualTo(Events.rolledBack("job-2")));
            assertThat(Journals.ids(journal)).isEqualTo(Journals.newestFirst(0, 35));
            assertThatThrownBy(() -> Journals.append(journal, Events.completed("job-1")))
                    .isInstanceOf(JournalException.IllegalTransition.class)
                    .hasMessageContaining("completed");
        }
    }

    @Test
    void snapshotsAreWrittenWhileEventsComeAndAnyOfThemIsWhole() throws IOException {
        var often = options.withSnapshots(20, 10);
        for (int round = 0; round < 3; round++) {
            try (var journal = Journal.recover(directory, often).journal()) {
                for (int i = 0; i < 40; i++) {
                    Journals.live(journal, "job-" + (round * 40 + i));
                }
                org.awaitility.Awaitility.await().until(() -> journal.figures().snapshotSequence() > 0);
            }
            assertWhole((round + 1) * 40);
        }
        try (var files = Files.list(directory.resolve("snapshots"))) {
            assertThat(files.count()).isLessThanOrEqualTo(2);
        }
    }

    private void assertWhole(int jobs) {
        try (var journal = Journal.recover(directory, options).journal()) {
            assertThat(Journals.ids(journal)).isEqualTo(Journals.newestFirst(0, jobs));
            assertThat(journal.find("job-0").orElseThrow().submission()).isEqualTo(Events.submitted("job-0"));
        }
    }

    private void fill(int from, int to) {
        try (var journal = Journal.recover(directory, options).journal()) {
            for (int i = from; i < to; i++) {
                Journals.live(journal, "job-" + i);
            }
        }
    }

    private Path newestSnapshot() throws IOException {
        return JournalFiles.of(directory).snapshotFiles().getFirst();
    }

    private static void flipABlockOfEach(Path index) throws IOException {
        try (var files = Files.list(index)) {
            for (var file : files.toList()) {
                var bytes = Files.readAllBytes(file);
                bytes[40] ^= 1;
                Files.write(file, bytes);
            }
        }
    }

    private static void copyAll(Path from, Path to) throws IOException {
        try (var files = Files.walk(from)) {
            for (var file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file)));
            }
        }
    }

    private static void deleteAll(Path directory) throws IOException {
        try (var files = Files.list(directory)) {
            for (var file : files.toList()) {
                Files.delete(file);
            }
        }
    }

    private static void copySegments(Path from, Path to) throws IOException {
        try (var files = Files.newDirectoryStream(from, "*.wal")) {
            for (var file : files) {
                Files.copy(file, to.resolve(file.getFileName()), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }
}
