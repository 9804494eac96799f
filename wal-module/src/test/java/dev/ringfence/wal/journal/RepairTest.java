package dev.ringfence.wal.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringfence.wal.journal.JournalRepair.Finding;
import dev.ringfence.wal.journal.JournalVerifier.Verdict;
import dev.ringfence.wal.log.LogException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a repair finds, keeps and mends. */
class RepairTest {
    /** Gives up all but the newest segments with each snapshot. */
    private static final JournalOptions FEW = Journals.OPTIONS.withRetention(Duration.ofDays(1000), 3 * (16 << 10));

    @TempDir
    Path top;

    private Path directory = Path.of("unset");
    private Path copies = Path.of("unset");

    @BeforeEach
    void place() {
        directory = top.resolve("journal");
        copies = top.resolve("copies");
    }

    /** It once opened the journal to end jobs, with a retention of 30 days, whatever the operator had set. */
    @Test
    void whatIsOldIsNotGivenUpByARepair() throws IOException {
        var clock = new AtomicLong();
        var longKept = Journals.OPTIONS.withNanoTime(clock::get).withRetention(Duration.ofDays(1000), Long.MAX_VALUE);
        try (var journal = Journal.recover(directory, longKept).journal()) {
            fill(journal, 0, 100);
            Journals.append(journal, Events.submitted("live"));
            fill(journal, 100, 200);
            journal.snapshotNow();
            clock.set(Duration.ofDays(90).toNanos());
        }
        flip(segment(last() - 1), 5_000);
        var plan = plan();
        assertThat(plan.unsure()).isNotEmpty();
        repair();

        var events = events();
        assertThat(events.getFirst().sequence()).isEqualTo(1);
        assertThat(events).hasSize((int) plan.lastKept() + plan.unsure().size());
    }

    /** It once left the mark of a repair that was cut short, so that the next start refused. */
    @Test
    void aRepairOfAJournalInUseLeavesNothingBehind() {
        try (var journal = Journals.open(directory)) {
            fill(journal, 0, 3);
            assertThatThrownBy(() -> JournalRepair.lock(directory, Journals.OPTIONS))
                    .isInstanceOf(LogException.Locked.class);
        }
        assertThat(directory.resolve("repair.unfinished")).doesNotExist();
        assertThat(copies).doesNotExist();
        Journals.open(directory).close();
    }

    @Test
    void aDamagedHeaderIsMadeAgainAndNothingIsGivenUp() throws IOException {
        try (var journal = Journals.open(directory)) {
            fill(journal, 0, 200);
            Journals.append(journal, Events.submitted("live"));
        }
        var before = events();
        for (var number : List.of(1, 2, last())) {
            var damaged = segment(number);
            flip(damaged, 30);
            var bytes = Files.readAllBytes(damaged);
            assertThat(verify()).isInstanceOf(Verdict.Broken.class);

            var plan = plan();
            assertThat(plan.mended()).containsExactly(damaged);
            assertThat(plan.givesUp()).isFalse();
            assertThat(plan.beginUnsure()).isFalse();
            assertThat(plan.lastKept()).isEqualTo(601);
            assertThat(plan.unsure()).isEmpty();
            copies = top.resolve("copies-" + number);
            repair();

            assertThat(copies.resolve(damaged.getFileName())).hasBinaryContent(bytes);
            assertThat(verify()).isInstanceOf(Verdict.Intact.class);
            assertThat(events()).isEqualTo(before);
        }
        var recovered = Journal.recover(directory, Journals.OPTIONS);
        try (var journal = recovered.journal()) {
            assertThat(recovered.jobs()).extracting(JobRecord::jobId).containsExactly("live");
            fill(journal, 300, 310);
        }
    }

    /** One flipped bit in a header once took all that stood behind it in the segment out of what can be salvaged. */
    @Test
    void whatStandsBehindDamageAndADamagedHeaderIsSalvaged() throws IOException {
        try (var journal = Journals.open(directory)) {
            fill(journal, 0, 200);
        }
        flip(segment(2), 1_000);
        var behindTheFirst = plan().readable();
        flip(segment(3), 30);
        assertThat(plan().readable()).isEqualTo(behindTheFirst);

        var plan = plan();
        repair();
        assertThat(Files.readAllLines(copies.resolve(JournalRepair.SALVAGED))).hasSize((int) plan.readable());
        assertThat(verify()).isInstanceOf(Verdict.Intact.class);
        assertThat(events()).hasSize((int) plan.lastKept() + plan.unsure().size());
    }

    @Test
    void aMissingSegmentBehindADamagedHeaderIsWhereTheRepairCuts() throws IOException {
        try (var journal = Journals.open(directory)) {
            fill(journal, 0, 300);
        }
        flip(segment(2), 30);
        Files.delete(segment(4));

        var plan = plan();
        assertThat(plan.mended()).containsExactly(segment(2));
        assertThat(plan.givesUp()).isTrue();
        repair();
        assertThat(verify())
                .isInstanceOfSatisfying(
                        Verdict.Intact.class,
                        intact -> assertThat(intact.lastSequence())
                                .isEqualTo(plan.lastKept() + plan.unsure().size()));
        assertThat(segment(5)).doesNotExist();
        assertThat(copies.resolve(segment(5).getFileName())).exists();
    }

    /** It once promised that --yes would do it, failed, and left a mark that kept the service from starting. */
    @Test
    void whereNothingCanBeKeptThatIsSaidBeforeAnythingIsTouched() throws IOException {
        try (var journal = Journals.open(directory)) {
            fill(journal, 0, 200);
        }
        flip(segment(1), 30);
        flip(segment(1), 64 + 40);

        assertThat(JournalRepair.examine(directory))
                .isInstanceOfSatisfying(
                        Finding.Hopeless.class,
                        hopeless -> assertThat(hopeless.readable()).isPositive());
        try (var repair = JournalRepair.lock(directory, Journals.OPTIONS)) {
            assertThatThrownBy(() -> repair.carryOut(copies)).isInstanceOf(IllegalStateException.class);
            assertThat(copies).doesNotExist();
            repair.saveReadable(copies);
        }
        assertThat(directory.resolve("repair.unfinished")).doesNotExist();
        assertThat(Files.readAllLines(copies.resolve(JournalRepair.SALVAGED)).getLast())
                .startsWith("{\"seq\":600,");
    }

    @Test
    void whereTheJournalBeginsIsMadeAgainFromItsFirstSegment() throws IOException {
        try (var journal = discarded()) {
            assertThat(journal.firstSequence()).isGreaterThan(1);
        }
        var before = events();
        flip(directory.resolve("log.start"), 30);
        assertThat(verify()).isInstanceOfSatisfying(Verdict.Broken.class, broken -> {
            assertThat(broken.sequence()).isEqualTo(before.getFirst().sequence());
            assertThat(broken.file()).isEqualTo(directory.resolve("log.start"));
        });

        var plan = plan();
        assertThat(plan.mended()).containsExactly(directory.resolve("log.start"));
        assertThat(plan.givesUp()).isFalse();
        assertThat(plan.beginUnsure()).as("the snapshot proves it").isFalse();
        repair();
        assertThat(copies.resolve("log.start")).exists();
        assertThat(events()).isEqualTo(before);
        Journals.open(directory).close();
    }

    @Test
    void theFirstSegmentsHeaderIsMadeAgainFromWhatSaysWhereTheJournalBegins() throws IOException {
        discarded().close();
        var before = events();
        flip(first(), 30);

        assertThat(plan().mended()).containsExactly(first());
        repair();
        assertThat(events()).isEqualTo(before);
    }

    @Test
    void thatOlderEventsMayBeMissingIsSaidWhereNoSnapshotProvesThatTheyWereGivenUp() throws IOException {
        discarded().close();
        removeSnapshots();
        flip(directory.resolve("log.start"), 30);

        assertThat(plan().beginUnsure()).isTrue();
        assertThat(plan().givesUp()).isFalse();
        repair();
        assertThat(verify()).isInstanceOf(Verdict.Intact.class);
    }

    @Test
    void withoutAWordWhereTheJournalBeginsOnlyASnapshotProvesThatNothingIsMissing() throws IOException {
        discarded().close();
        var before = events();
        Files.delete(directory.resolve("log.start"));
        assertThat(plan().mended()).containsExactly(directory.resolve("log.start"));
        repair();
        assertThat(events()).isEqualTo(before);

        Files.delete(directory.resolve("log.start"));
        removeSnapshots();
        assertThat(JournalRepair.examine(directory)).isInstanceOf(Finding.Hopeless.class);
    }

    /** The next start would remove the blobs of what is given up, and with the segments went what was made of them. */
    @Test
    void allThatGoesIsCopiedBefore() throws IOException {
        BlobRef kept;
        BlobRef given;
        try (var journal = Journals.open(directory)) {
            kept = withBlob(journal, "kept", 1);
            fill(journal, 0, 100);
            journal.snapshotNow();
            fill(journal, 100, 200);
            given = withBlob(journal, "given", 2);
            journal.snapshotNow();
        }
        flip(segment(2), 1_000);
        repair();

        assertThat(copies.resolve("blobs").resolve(given.sha256())).hasBinaryContent(new byte[] {2});
        assertThat(copies.resolve("blobs").resolve(kept.sha256())).doesNotExist();
        assertThat(names(copies.resolve("snapshots"))).hasSize(2);
        assertThat(names(copies.resolve("index"))).isNotEmpty();
        assertThat(names(directory.resolve("snapshots"))).isEmpty();
        try (var journal = Journals.open(directory)) {
            assertThat(journal.blobs().file(kept)).exists();
        }
    }

    /** It once kept the snapshot, and every repair found the same damage again. */
    @Test
    void aSnapshotOfOtherEventsEndsWhatIsKeptBeforeIt() throws IOException {
        try (var journal = Journals.open(directory)) {
            fill(journal, 0, 20);
        }
        var other = top.resolve("other");
        try (var journal = Journals.open(other)) {
            fill(journal, 50, 60);
            journal.snapshotNow();
        }
        removeSnapshots();
        Files.move(other.resolve("snapshots"), directory.resolve("snapshots"));
        assertThat(verify())
                .isInstanceOfSatisfying(
                        Verdict.Broken.class,
                        broken -> assertThat(broken.sequence()).isEqualTo(30));
        assertThat(plan().unsure()).as("event 30 was its end").containsExactly("job-9");

        repair();
        assertThat(JournalRepair.examine(directory)).isEqualTo(new Finding.Nothing());
        Journals.open(directory).close();
    }

    private Journal discarded() throws IOException {
        var journal = Journal.recover(directory, FEW).journal();
        fill(journal, 0, 200);
        journal.snapshotNow();
        fill(journal, 200, 210);
        return journal;
    }

    private static BlobRef withBlob(Journal journal, String id, int content) throws IOException {
        var blob = BlobStoreTest.write(journal.blobs(), "stdout", new byte[] {(byte) content});
        Journals.append(journal, Events.submitted(id));
        Journals.append(journal, Events.started(id));
        Journals.append(journal, new JobEvent.Completed(id, Events.AT, Events.DATA, List.of(blob)));
        journal.blobs().release(blob);
        return blob;
    }

    private void repair() {
        try (var repair = JournalRepair.lock(directory, Journals.OPTIONS)) {
            assertThat(repair.examine()).isInstanceOf(Finding.Damaged.class);
            repair.carryOut(copies);
        }
    }

    private JournalRepair.Plan plan() {
        return ((Finding.Damaged) JournalRepair.examine(directory)).plan();
    }

    private Verdict verify() {
        return JournalVerifier.verify(directory, _ -> true);
    }

    private List<JournalRecord> events() {
        var events = new ArrayList<JournalRecord>();
        Journal.read(directory, 0, events::add);
        return events;
    }

    private Path segment(int number) {
        return directory.resolve("%020d.wal".formatted(number));
    }

    private Path first() throws IOException {
        return directory.resolve(segments().getFirst());
    }

    private int last() throws IOException {
        return Integer.parseInt(segments().getLast().substring(0, 20));
    }

    private List<String> segments() throws IOException {
        return names(directory).stream().filter(name -> name.endsWith(".wal")).toList();
    }

    private void removeSnapshots() throws IOException {
        var folder = directory.resolve("snapshots");
        for (var name : names(folder)) {
            Files.delete(folder.resolve(name));
        }
        Files.deleteIfExists(folder);
    }

    private static List<String> names(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return List.of();
        }
        try (var files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private static void fill(Journal journal, int from, int to) {
        for (int i = from; i < to; i++) {
            var id = "job-" + i;
            // Together, so that they share a sync.
            var _ = journal.append(List.of(Events.submitted(id), Events.started(id), Events.completed(id)))
                    .await()
                    .atMost(Duration.ofMinutes(2));
        }
    }

    private static void flip(Path file, int at) throws IOException {
        var bytes = Files.readAllBytes(file);
        bytes[at] ^= 1;
        Files.write(file, bytes);
    }
}
