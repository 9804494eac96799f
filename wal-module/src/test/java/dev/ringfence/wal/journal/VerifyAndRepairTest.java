package dev.ringfence.wal.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringfence.wal.journal.JournalVerifier.Verdict;
import dev.ringfence.wal.log.LogException;
import dev.ringfence.wal.log.LogRemains;
import dev.ringfence.wal.log.Storage;
import dev.ringfence.wal.log.WriteAheadLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VerifyAndRepairTest {
    @TempDir
    Path top;

    private Path directory = Path.of("unset");

    @BeforeEach
    void place() {
        directory = top.resolve("journal");
    }

    @Test
    void anIntactJournalIsProvedAlsoWhileItIsWritten() throws IOException {
        try (var journal = Journals.open(directory)) {
            fill(journal, 0, 50);
            journal.snapshotNow();
            fill(journal, 50, 60);

            assertThat(verify()).isInstanceOfSatisfying(Verdict.Intact.class, intact -> {
                assertThat(intact.firstSequence()).isEqualTo(1);
                assertThat(intact.lastSequence()).isEqualTo(180);
                assertThat(intact.anchor()).isEqualTo("0".repeat(64));
                assertThat(intact.head()).hasSize(64);
            });
        }
        assertThat(JournalRepair.examine(directory)).isEqualTo(new JournalRepair.Finding.Nothing());
    }

    @Test
    void actsThatAreNoJobsStandInTheChainAndChangeNothingAboutTheJobs() throws IOException {
        var refused = new Audited(Events.AT, "refused", "key:1", "::1", "a", "GET /x", "\ud800".repeat(900), 3);
        try (var journal = Journals.open(directory)) {
            audit(journal, refused);
            Journals.append(journal, Events.submitted("j"));
            audit(journal, refused);
            journal.snapshotNow();
            Journals.append(journal, Events.started("j"));
            audit(journal, refused);
        }

        var recovered = Journal.recover(directory, Journals.OPTIONS);
        try (var journal = recovered.journal()) {
            assertThat(journal.lastSequence()).isEqualTo(5);
            assertThat(recovered.jobs()).extracting(JobRecord::lastSequence).containsExactly(4L);
            Journals.append(journal, Events.completed("j"));
        }
        assertThat(verify()).isInstanceOf(Verdict.Intact.class);
        var stats = JournalStats.of(directory, _ -> true);
        assertThat(stats.events()).containsEntry("audited", 3L).containsEntry("completed", 1L);
        assertThat(stats.live()).isEmpty();
        var acts = new ArrayList<String>();
        Journal.read(directory, 5, entry -> acts.add(entry.json().toString()));
        assertThat(acts.getFirst())
                .isEqualTo("{\"seq\":5,\"ts\":\"" + Events.AT + "\",\"type\":\"audited\",\"action\":\"refused\","
                        + "\"by\":\"key:1\",\"from\":\"::1\",\"agent\":\"a\",\"target\":\"GET /x\",\"detail\":\""
                        + "?".repeat(500) + "\",\"count\":3}");
    }

    private static void audit(Journal journal, Audited act) {
        var _ = journal.append(act).await().atMost(Duration.ofMinutes(2));
    }

    @Test
    void aFlippedBitIsNamedByEventFileAndOffset() throws IOException {
        try (var journal = Journals.open(directory)) {
            fill(journal, 0, 100);
        }
        var place = locate(77);
        flip(place.file(), place.offset() + 50);

        assertThat(verify()).isInstanceOfSatisfying(Verdict.Broken.class, broken -> {
            assertThat(broken.sequence()).isEqualTo(77);
            assertThat(broken.file()).isEqualTo(place.file());
            assertThat(broken.offset()).isEqualTo(place.offset());
        });
    }

    @Test
    void aLinkThatDoesNotFitIsNamedAlthoughEveryChecksumIsRight() {
        try (var journal = Journals.open(directory)) {
            fill(journal, 0, 3);
        }
        try (var log = WriteAheadLog.recover(directory, Journals.OPTIONS.log(), (_, _, _) -> {})
                .log()) {
            var forged = EventRecord.of(Events.submitted("x"), 4096).after(new byte[] {1});
            var _ = log.append(forged).toCompletableFuture().join();
        }
        assertThat(verify()).isInstanceOfSatisfying(Verdict.Broken.class, broken -> {
            assertThat(broken.sequence()).isEqualTo(10);
            assertThat(broken.what()).contains("hash");
            assertThat(broken.file()).exists();
            assertThat(broken.offset()).isGreaterThan(64);
        });
    }

    /** A repair once took the damaged output for a damaged event, ended all live jobs and mended nothing. */
    @Test
    void anOutputThatIsNotWhatItWasIsNamedWithItsJobAndIsNothingToRepair() throws IOException {
        try (var journal = Journals.open(directory)) {
            var blobs = List.of(
                    BlobStoreTest.write(journal.blobs(), "stdout", new byte[] {1, 2, 3}),
                    BlobStoreTest.write(journal.blobs(), "stderr", new byte[] {5, 6}));
            Journals.append(journal, Events.submitted("a"));
            Journals.append(journal, Events.started("a"));
            Journals.append(journal, new JobEvent.Completed("a", Events.AT, Events.DATA, blobs));
            blobs.forEach(journal.blobs()::release);
            Journals.append(journal, Events.submitted("live"));
            assertThat(verify())
                    .isInstanceOfSatisfying(
                            Verdict.Intact.class,
                            intact -> assertThat(intact.blobBytes()).isEqualTo(5));

            Files.write(journal.blobs().file(blobs.getFirst()), new byte[] {1, 2, 4});
            Files.delete(journal.blobs().file(blobs.getLast()));
        }
        var verdict = verify();
        assertThat(verdict).isInstanceOfSatisfying(Verdict.OutputsLost.class, lost -> {
            assertThat(lost.lost()).isEqualTo(2);
            assertThat(lost.lastSequence()).isEqualTo(4);
            assertThat(lost.outputs())
                    .allSatisfy(output -> {
                        assertThat(output.sequence()).isEqualTo(3);
                        assertThat(output.jobId()).isEqualTo("a");
                    })
                    .satisfiesExactly(
                            changed -> assertThat(changed.what()).contains("stdout", "other bytes"),
                            gone -> assertThat(gone.what()).contains("stderr", "is gone"));
        });
        assertThat(JournalRepair.examine(directory))
                .isEqualTo(new JournalRepair.Finding.OutputsLost((Verdict.OutputsLost) verdict));
    }

    /** It once was told to be lost, and to be put back from a backup. */
    @Test
    void anOutputThatCannotBeReadIsNotToldToBeLost() throws IOException {
        try (var journal = Journals.open(directory)) {
            var blob = BlobStoreTest.write(journal.blobs(), "stdout", new byte[] {1, 2, 3});
            Journals.append(journal, Events.submitted("a"));
            Journals.append(journal, Events.started("a"));
            Journals.append(journal, new JobEvent.Completed("a", Events.AT, Events.DATA, List.of(blob)));
            journal.blobs().release(blob);
            // Also the superuser, who may read anything, cannot read this.
            Files.delete(journal.blobs().file(blob));
            Files.createSymbolicLink(directory.resolve("blobs").resolve(blob.sha256()), Path.of(blob.sha256()));

            assertThatThrownBy(() -> journal.blobs().file(blob)).isInstanceOf(JournalException.BlobUnreadable.class);
        }
        assertThat(verify()).isInstanceOfSatisfying(Verdict.OutputsLost.class, verdict -> {
            assertThat(verdict.lost()).isZero();
            assertThat(verdict.unreadable()).isEqualTo(1);
            assertThat(verdict.outputs().getFirst().what()).contains("cannot be read");
        });
    }

    /** Its end may be in a segment that is kept, when its submission is not: then nothing of it is kept. */
    @Test
    void outputsOfAJobThatWasGivenUpAreNotMissed() throws IOException {
        var few = Journals.OPTIONS.withRetention(Duration.ofDays(1000), 3 * (16 << 10));
        long end;
        try (var journal = Journal.recover(directory, few).journal()) {
            var blob = BlobStoreTest.write(journal.blobs(), "stdout", new byte[] {1, 2, 3});
            Journals.append(journal, Events.submitted("long"));
            Journals.append(journal, Events.started("long"));
            fill(journal, 0, 200);
            end = Journals.append(journal, new JobEvent.Completed("long", Events.AT, Events.DATA, List.of(blob)));
            journal.blobs().release(blob);
            journal.snapshotNow();
            assertThatThrownBy(() -> journal.blobs().file(blob)).isInstanceOf(JournalException.BlobDamaged.class);
        }
        assertThat(verify()).isInstanceOfSatisfying(Verdict.Intact.class, intact -> {
            assertThat(intact.firstSequence()).isGreaterThan(1);
            assertThat(intact.lastSequence()).isEqualTo(end);
        });
    }

    @Test
    void aLogOfWhichNothingIsLeftIsNoEmptyJournal() throws IOException {
        try (var journal = Journals.open(directory)) {
            var blob = BlobStoreTest.write(journal.blobs(), "stdout", new byte[] {1, 2, 3});
            Journals.append(journal, Events.submitted("a"));
            Journals.append(journal, Events.started("a"));
            Journals.append(journal, new JobEvent.Completed("a", Events.AT, Events.DATA, List.of(blob)));
        }
        delete(directory, "*.wal");
        delete(directory.resolve("snapshots"), "*");
        assertThatThrownBy(this::verify).isInstanceOf(JournalException.LogMissing.class);
    }

    @Test
    void countingBlobsThatCannotBeListedFailsWithTheirPlace() throws IOException {
        try (var journal = Journals.open(directory)) {
            fill(journal, 0, 3);
        }
        Files.createSymbolicLink(directory.resolve("blobs"), Path.of("blobs"));

        assertThatThrownBy(() -> JournalStats.of(directory, _ -> true))
                .isInstanceOf(JournalException.Unreadable.class)
                .hasMessageContaining(directory.resolve("blobs").toString());
    }

    /** What retention gave up meanwhile was once reported as damage, or ended the proof. */
    @Test
    void whatRetentionGivesUpWhileItIsProvedIsNoDamage() throws IOException {
        var few = Journals.OPTIONS.withRetention(Duration.ofDays(1000), 3 * (16 << 10));
        try (var journal = Journal.recover(directory, few).journal()) {
            fill(journal, 0, 200);
            var discarded = new boolean[1];
            var verdict = JournalVerifier.verify(directory, sequence -> {
                if (sequence == 10 && !discarded[0]) {
                    discarded[0] = true;
                    snapshot(journal);
                }
                return true;
            });
            assertThat(verdict).isInstanceOfSatisfying(Verdict.Intact.class, intact -> {
                assertThat(intact.firstSequence())
                        .isEqualTo(journal.firstSequence())
                        .isGreaterThan(10);
                assertThat(intact.lastSequence()).isEqualTo(600);
            });
        }
    }

    private static void snapshot(Journal journal) {
        try {
            journal.snapshotNow();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void aRepairKeepsWhatCameBeforeTheDamageAndEndsWhatMayHaveGoneOn() throws IOException {
        try (var journal = Journals.open(directory)) {
            fill(journal, 0, 20);
            Journals.append(journal, Events.submitted("waiting"));
            Journals.append(journal, Events.submitted("running"));
            Journals.append(journal, Events.started("running"));
            fill(journal, 20, 100);
        }
        var place = locate(64);
        flip(place.file(), place.offset() + 50);

        var plan = plan();
        assertThat(plan.lastKept()).isEqualTo(63);
        assertThat(plan.readable()).isPositive();
        assertThat(plan.unsure()).containsExactlyInAnyOrder("waiting", "running");
        var before = Files.readAllBytes(place.file());
        var copies = top.resolve("copies");
        repair(copies);

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(copies)))
                .isEqualTo("rwx------");
        assertThat(copies.resolve(place.file().getFileName())).hasBinaryContent(before);
        // All behind the damaged one, since that one's header is intact and proves the next.
        var salvaged = Files.readAllLines(copies.resolve(JournalRepair.SALVAGED));
        assertThat(salvaged).hasSize((int) plan.readable()).hasSize(303 - 64);
        assertThat(salvaged.getFirst()).startsWith("{\"seq\":65,");
        assertThat(salvaged.getLast()).startsWith("{\"seq\":303,");
        assertThat(verify()).isInstanceOf(Verdict.Intact.class);
        try (var journal = Journals.open(directory)) {
            assertThat(journal.figures().liveJobs()).isZero();
            assertThat(word(journal, "waiting")).isEqualTo("cancelled");
            assertThat(word(journal, "running")).isEqualTo("interrupted");
            assertThat(reason(journal, "waiting")).contains("behind event 63;");
            assertThat(reason(journal, "running")).contains("behind event 63;");
            assertThat(word(journal, "job-19")).isEqualTo("completed");
            assertThat(journal.find("job-20")).isEmpty();
            fill(journal, 200, 210);
        }
        assertThat(verify()).isInstanceOf(Verdict.Intact.class);
    }

    @Test
    void aMissingSegmentIsRepairedUpToWhereItWas() throws IOException {
        try (var journal = Journals.open(directory)) {
            fill(journal, 0, 200);
            assertThat(journal.figures().segments()).isGreaterThan(3);
        }
        var gone = locate(300).file();
        Files.delete(gone);
        assertThat(verify())
                .isInstanceOfSatisfying(
                        Verdict.Broken.class,
                        broken -> assertThat(broken.file()).isEqualTo(gone));

        repair(top.resolve("copies"));

        assertThat(verify()).isInstanceOf(Verdict.Intact.class);
        try (var journal = Journals.open(directory)) {
            assertThat(journal.find("job-1")).isPresent();
        }
    }

    @Test
    void aRepairThatWasCutShortKeepsTheServiceFromStarting() throws IOException {
        try (var journal = Journals.open(directory)) {
            fill(journal, 0, 3);
        }
        Files.writeString(directory.resolve("repair.unfinished"), "journal repair\n");

        assertThatThrownBy(() -> Journals.open(directory)).isInstanceOf(JournalException.Unfinished.class);
        repair(top.resolve("copies"));
        Journals.open(directory).close();
    }

    @Test
    void aJournalInUseIsNotRepaired() throws IOException {
        try (var journal = Journals.open(directory)) {
            fill(journal, 0, 3);
            Files.writeString(directory.resolve("repair.unfinished"), "journal repair\n");
            assertThatThrownBy(() -> repair(top.resolve("copies"))).isInstanceOf(LogException.Locked.class);
        }
    }

    @Test
    void figuresAreCountedByReadingAll() {
        try (var journal = Journals.open(directory)) {
            fill(journal, 0, 3);
            Journals.append(journal, Events.submitted("waiting"));
        }
        var stats = JournalStats.of(directory, _ -> true);
        assertThat(stats.events()).containsEntry("submitted", 4L).containsEntry("completed", 3L);
        assertThat(stats.live()).containsEntry("submitted", 1L);
        assertThat(stats.submissions()).containsEntry("FileRead", 4L);
    }

    @Test
    void aJournalOfTheFirstFormatIsRead() throws Exception {
        var resource = Objects.requireNonNull(getClass().getResource("first-format/00000000000000000001.wal"));
        Files.createDirectories(directory);
        Files.copy(Path.of(resource.toURI()), directory.resolve("00000000000000000001.wal"));

        assertThat(verify()).isInstanceOf(Verdict.Intact.class);
        var recovered = Journal.recover(directory, Journals.OPTIONS);
        try (var journal = recovered.journal()) {
            assertThat(recovered.jobs())
                    .extracting(job -> job.jobId() + " " + job.state().word())
                    .containsExactly("running started", "waiting submitted");
            assertThat(Journals.ids(journal))
                    .containsExactly("waiting", "running", "cut", "cancelled", "late", "failed", "keyed");
            assertThat(journal.findByKey("agent-7", "the caller's key")
                            .orElseThrow()
                            .jobId())
                    .isEqualTo("keyed");
            assertThat(word(journal, "cut")).isEqualTo("interrupted");
            assertThat(word(journal, "late")).isEqualTo("timed_out");
            Journals.append(journal, Events.interrupted("running"));
        }
        assertThat(verify()).isInstanceOf(Verdict.Intact.class);
    }

    @Test
    void theHashOfARequestIsThatOfWhatItSaysNotOfHowItIsWritten() throws IOException {
        assertThat(hash("{\"a\":1,\"b\":[1.50,\"x\"]}")).isEqualTo(hash("{\"b\":[1.5,\"x\"],\"a\":1.0}"));
        assertThat(hash("{\"a\":1}")).isNotEqualTo(hash("{\"a\":\"1\"}"));
        assertThat(hash("{\"a\":[\"b\",\"c\"]}")).isNotEqualTo(hash("{\"a\":[\"bc\"]}"));
        assertThat(hash("{\"a\":null}")).isNotEqualTo(hash("{}"));
        assertThat(hash("{\"a\":0}")).isEqualTo(hash("{\"a\":-0.0}"));
    }

    private static String hash(String arguments) throws IOException {
        var json = EventCodec.parse(arguments.getBytes(java.nio.charset.StandardCharsets.UTF_8), 0, arguments.length());
        return RequestHash.of(
                new JobEvent.Submitted("j", Events.AT, "a", "c", json, "p", java.time.Duration.ofSeconds(1), null));
    }

    private Verdict verify() {
        return JournalVerifier.verify(directory, _ -> true);
    }

    private JournalRepair.Plan plan() {
        return ((JournalRepair.Finding.Damaged) JournalRepair.examine(directory)).plan();
    }

    private void repair(Path copies) {
        try (var repair = JournalRepair.lock(directory, Journals.OPTIONS)) {
            repair.carryOut(copies);
        }
    }

    private LogRemains.Extent locate(long sequence) {
        return LogRemains.of(directory, Storage.disk()).locate(sequence);
    }

    private static String reason(Journal journal, String id) {
        return switch (((JobState.Ended) journal.find(id).orElseThrow().state()).end()) {
            case JobEvent.Cancelled cancelled -> cancelled.reason();
            case JobEvent.Interrupted interrupted -> interrupted.reason();
            case JobEvent.End other -> other.type();
        };
    }

    private static String word(Journal journal, String id) {
        return journal.find(id).orElseThrow().state().word();
    }

    private static void delete(Path directory, String which) throws IOException {
        try (var files = Files.newDirectoryStream(directory, which)) {
            for (var file : files) {
                Files.delete(file);
            }
        }
    }

    private static void fill(Journal journal, int from, int to) {
        for (int i = from; i < to; i++) {
            Journals.live(journal, "job-" + i);
        }
    }

    private static void flip(Path file, long at) throws IOException {
        var bytes = Files.readAllBytes(file);
        bytes[(int) at] ^= 1;
        Files.write(file, bytes);
    }
}
