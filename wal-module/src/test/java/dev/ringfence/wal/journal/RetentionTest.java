package dev.ringfence.wal.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RetentionTest {
    private static final Duration AGE = Duration.ofDays(30);

    @TempDir
    Path scratch;

    private Path directory = Path.of("unset");

    /** How long the machine has been running; nobody can set it. */
    private final AtomicLong nanos = new AtomicLong(-7);
    /** What anyone may set the time of day to. */
    private final AtomicReference<Instant> timeOfDay = new AtomicReference<>(Instant.parse("2026-06-01T00:00:00Z"));

    private final JournalOptions options = on(Journals.OPTIONS);

    private JournalOptions on(JournalOptions base) {
        var clock = new Clock() {
            @Override
            public Instant instant() {
                return timeOfDay.get();
            }

            @Override
            public ZoneId getZone() {
                return ZoneOffset.UTC;
            }

            @Override
            public Clock withZone(ZoneId zone) {
                return this;
            }
        };
        return base.withNanoTime(nanos::get).withLog(base.log().withClock(clock));
    }

    private void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
        timeOfDay.updateAndGet(now -> now.plus(time));
    }

    @BeforeEach
    void make() throws IOException {
        directory = Files.createDirectory(scratch.resolve("journal"));
    }

    @Test
    void whatIsOlderThanTheAgeIsGivenUpAndTheRestIsWhole() throws IOException {
        try (var journal = Journal.recover(directory, options).journal()) {
            lives(journal, 0, 100);
            journal.snapshotNow();
            pass(AGE);
            lives(journal, 100, 200);
            journal.snapshotNow();

            assertThat(journal.firstSequence()).isBetween(200L, 301L);
            assertThat(Journals.ids(journal))
                    .startsWith("job-199")
                    .contains("job-100")
                    .doesNotContain("job-60");
            assertThat(journal.find("job-5")).isEmpty();
            assertThat(journal.find("job-150")).isPresent();
        }
        assertThat(JournalVerifier.verify(directory, _ -> true)).isInstanceOf(JournalVerifier.Verdict.Intact.class);
    }

    /** One look at a clock that was ten years ahead once gave up all but the newest segment, for good. */
    @Test
    void nothingIsGivenUpBeforeItsAgeWhereverTheTimeOfDayJumps() throws IOException {
        try (var journal = Journal.recover(directory, options).journal()) {
            lives(journal, 0, 100);
            for (int years : new int[] {10, -30, 25}) {
                timeOfDay.updateAndGet(now -> now.plus(Duration.ofDays(365L * years)));
                journal.snapshotNow();
                lives(journal, 1000 + 30 * years, 1010 + 30 * years);
                journal.snapshotNow();
                assertThat(journal.firstSequence()).isEqualTo(1);
            }
        }
        try (var journal = Journal.recover(directory, options).journal()) {
            timeOfDay.updateAndGet(now -> now.plus(Duration.ofDays(365L * 50)));
            journal.snapshotNow();
            assertThat(journal.firstSequence()).isEqualTo(1);

            // What a wrong time was written to goes at its age all the same.
            pass(AGE);
            journal.snapshotNow();
            assertThat(journal.firstSequence()).isGreaterThan(300);
        }
    }

    @Test
    void theAgeCountsOnAcrossRestartsAndWhatIsNotKnownOfItBeginsAnew() throws IOException {
        for (int half = 0; half < 2; half++) {
            try (var journal = Journal.recover(directory, options).journal()) {
                lives(journal, 40 * half, 40 * (half + 1));
                journal.snapshotNow();
                pass(AGE.dividedBy(2).minusDays(1));
            }
        }
        Path copy = scratch.resolve("copy");
        copyAll(directory, copy);
        try (var journal = Journal.recover(directory, options).journal()) {
            pass(Duration.ofDays(1));
            journal.snapshotNow();
            assertThat(journal.firstSequence()).isEqualTo(1);
            pass(Duration.ofDays(1));
            journal.snapshotNow();
            assertThat(journal.firstSequence()).isGreaterThan(60);
        }

        var ages = copy.resolve(SegmentAges.FILE);
        var whole = Files.readAllBytes(ages);
        for (int at = 0; at < whole.length; at += 5) {
            var damaged = whole.clone();
            damaged[at] ^= 0x40;
            Files.write(ages, damaged);
            var told = new ArrayList<String>();
            try (var journal = Journal.recover(copy, options.withObserver(new JournalObserver() {
                        @Override
                        public void unusable(String what, String why) {
                            told.add(what);
                        }
                    }))
                    .journal()) {
                pass(Duration.ofDays(2));
                journal.snapshotNow();
                assertThat(journal.firstSequence()).as("byte %d", at).isEqualTo(1);
                assertThat(told).as("byte %d", at).containsExactly(ages.toString());
            }
        }
    }

    /** A segment is given up whole, and few events would share one with those of a year ago. */
    @Test
    void fewEventsAreGivenUpAtTheirAgeToo() throws IOException {
        var large = on(Journals.OPTIONS.withSizes(1 << 20, 4096));
        try (var journal = Journal.recover(directory, large).journal()) {
            Journals.live(journal, "old");
        }
        pass(AGE.dividedBy(10).plusDays(1));
        try (var journal = Journal.recover(directory, large).journal()) {
            // The next segment's file is made beside the first of these.
            Journals.live(journal, "still old");
            Awaitility.await().until(() -> {
                pass(Duration.ofMinutes(1));
                Journals.live(journal, "at " + timeOfDay.get());
                return journal.figures().segments() == 2;
            });
            journal.snapshotNow();
            pass(AGE);
            journal.snapshotNow();

            assertThat(journal.firstSequence()).isGreaterThan(6);
            assertThat(journal.find("old")).isEmpty();
        }
        assertThat(JournalVerifier.verify(directory, _ -> true)).isInstanceOf(JournalVerifier.Verdict.Intact.class);
    }

    @Test
    void whatAnyLiveJobNeedsStays() throws IOException {
        try (var journal = Journal.recover(directory, options).journal()) {
            Journals.live(journal, "first");
            Journals.append(journal, Events.submitted("waiting"));
            lives(journal, 0, 100);
            journal.snapshotNow();
            pass(AGE.plusDays(5));
            lives(journal, 100, 200);
            journal.snapshotNow();
            assertThat(journal.firstSequence()).isEqualTo(1);

            Journals.append(journal, Events.cancelled("waiting"));
            journal.snapshotNow();
            assertThat(journal.firstSequence()).isGreaterThan(100);
        }
    }

    @Test
    void whatIsTooMuchIsGivenUpFromTheOldestOn() throws IOException {
        var small = Journals.OPTIONS.withRetention(Duration.ofDays(30), 40 << 10);
        fill(small, 0, 300);
        try (var journal = Journal.recover(directory, small).journal()) {
            journal.snapshotNow();

            assertThat(journal.figures().logBytes()).isLessThanOrEqualTo(40 << 10);
            assertThat(Journals.ids(journal)).startsWith("job-299").doesNotContain("job-0");
        }
    }

    /** The journal once grew over its bound from then on. */
    @Test
    void whatIsTooMuchIsGivenUpAlsoWhereTheIndexIsDamaged() throws IOException {
        var small = Journals.OPTIONS.withRetention(Duration.ofDays(30), 40 << 10);
        fill(Journals.OPTIONS, 0, 300);
        try (var files = Files.list(directory.resolve("index"))) {
            for (var file : files.toList()) {
                var bytes = Files.readAllBytes(file);
                bytes[40] ^= 1;
                Files.write(file, bytes);
            }
        }
        try (var journal = Journal.recover(directory, small).journal()) {
            journal.snapshotNow();

            assertThat(journal.figures().logBytes()).isLessThanOrEqualTo(40 << 10);
            assertThat(journal.figures().indexDamage()).isNull();
            assertThat(Journals.ids(journal)).startsWith("job-299").doesNotContain("job-0");
        }
    }

    @Test
    void whatIsLeftIsRebuiltWithoutSnapshotsToo() throws IOException {
        var small = Journals.OPTIONS.withRetention(Duration.ofDays(30), 40 << 10);
        fill(small, 0, 300);
        List<String> before;
        try (var journal = Journal.recover(directory, small).journal()) {
            Journals.append(journal, Events.submitted("live"));
            journal.snapshotNow();
            before = Journals.ids(journal);
        }
        for (var file : JournalFiles.of(directory).snapshotFiles()) {
            Files.delete(file);
        }

        var recovered = Journal.recover(directory, small);
        try (var journal = recovered.journal()) {
            assertThat(recovered.jobs()).extracting(JobRecord::jobId).containsExactly("live");
            // The jobs whose beginning is gone are gone, whether or not their last events are still there.
            assertThat(before).containsAll(Journals.ids(journal)).startsWith("live", "job-299");
            assertThat(Journals.ids(journal)).startsWith("live", "job-299", "job-298");
        }
    }

    @Test
    void aBlobGoesWithTheLastEventThatNamesIt() throws IOException {
        BlobRef old;
        BlobRef shared;
        BlobRef fresh;
        try (var journal = Journal.recover(directory, options).journal()) {
            old = end(journal, "old", "old bytes");
            shared = end(journal, "also-old", "shared bytes");
            lives(journal, 0, 100);
            journal.snapshotNow();
            pass(AGE);
            end(journal, "new", "shared bytes");
            fresh = end(journal, "newer", "new bytes");
            lives(journal, 100, 200);
            journal.snapshotNow();

            assertThat(journal.figures().blobs()).isEqualTo(new BlobStore.Total(2, 21));
            assertThat(journal.blobs().file(shared)).hasContent("shared bytes");
            assertThat(journal.blobs().file(fresh)).hasContent("new bytes");
            assertThat(directory.resolve("blobs").resolve(old.sha256())).doesNotExist();
        }
    }

    private static BlobRef end(Journal journal, String id, String content) throws IOException {
        var blob = BlobStoreTest.write(journal.blobs(), "stdout", content.getBytes(StandardCharsets.UTF_8));
        Journals.append(journal, Events.submitted(id));
        Journals.append(journal, Events.started(id));
        Journals.append(journal, new JobEvent.Completed(id, Events.AT, Events.DATA, List.of(blob)));
        journal.blobs().release(blob);
        return blob;
    }

    private void fill(JournalOptions options, int from, int to) {
        try (var journal = Journal.recover(directory, options).journal()) {
            lives(journal, from, to);
        }
    }

    private static void lives(Journal journal, int from, int to) {
        for (int i = from; i < to; i++) {
            Journals.live(journal, "job-" + i);
        }
    }

    private static void copyAll(Path from, Path to) throws IOException {
        try (var files = Files.walk(from)) {
            for (var file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file)));
            }
        }
    }
}
