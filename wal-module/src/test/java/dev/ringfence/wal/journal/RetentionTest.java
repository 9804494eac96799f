package dev.ringfence.wal.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RetentionTest {
    private static final Instant NOW = Instant.parse("2026-06-01T00:00:00Z");

    @TempDir
    Path directory;

    @Test
    void whatIsOlderThanTheAgeIsGivenUpAndTheRestIsWhole() throws IOException {
        fill(Journals.at(NOW.minus(Duration.ofDays(40))), 0, 100);
        fill(Journals.at(NOW), 100, 200);
        try (var journal = Journal.recover(directory, Journals.at(NOW)).journal()) {
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

    /** A segment is given up whole, and few events would share one with those of a year ago. */
    @Test
    void fewEventsAreGivenUpAtTheirAgeToo() throws IOException {
        var now = new AtomicReference<>(NOW.minus(Duration.ofDays(40)));
        var clock = new Clock() {
            @Override
            public Instant instant() {
                return now.get();
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
        var sizes = Journals.OPTIONS.withSizes(1 << 20, 4096);
        var options = sizes.withLog(sizes.log().withClock(clock));
        try (var journal = Journal.recover(directory, options).journal()) {
            Journals.live(journal, "old");
        }
        now.set(NOW.minus(Duration.ofDays(36)));
        try (var journal = Journal.recover(directory, options).journal()) {
            // The next segment's file is made beside the first of these.
            Journals.live(journal, "still old");
            Awaitility.await().atMost(Duration.ofMinutes(1)).until(() -> {
                now.set(now.get().plus(Duration.ofMinutes(1)));
                Journals.live(journal, "at " + now.get());
                return journal.figures().segments() == 2;
            });
            now.set(NOW);
            journal.snapshotNow();

            assertThat(journal.firstSequence()).isGreaterThan(6);
            assertThat(journal.find("old")).isEmpty();
        }
        assertThat(JournalVerifier.verify(directory, _ -> true)).isInstanceOf(JournalVerifier.Verdict.Intact.class);
    }

    @Test
    void whatAnyLiveJobNeedsStays() throws IOException {
        try (var journal = Journal.recover(directory, Journals.at(NOW.minus(Duration.ofDays(40))))
                .journal()) {
            Journals.live(journal, "first");
            Journals.append(journal, Events.submitted("waiting"));
        }
        fill(Journals.at(NOW.minus(Duration.ofDays(35))), 0, 100);
        fill(Journals.at(NOW), 100, 200);
        try (var journal = Journal.recover(directory, Journals.at(NOW)).journal()) {
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
        try (var files = java.nio.file.Files.list(directory.resolve("index"))) {
            for (var file : files.toList()) {
                var bytes = java.nio.file.Files.readAllBytes(file);
                bytes[40] ^= 1;
                java.nio.file.Files.write(file, bytes);
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
            java.nio.file.Files.delete(file);
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
        try (var journal = Journal.recover(directory, Journals.at(NOW.minus(Duration.ofDays(40))))
                .journal()) {
            old = end(journal, "old", "old bytes");
            shared = end(journal, "also-old", "shared bytes");
        }
        fill(Journals.at(NOW.minus(Duration.ofDays(35))), 0, 100);
        try (var journal = Journal.recover(directory, Journals.at(NOW)).journal()) {
            end(journal, "new", "shared bytes");
            fresh = end(journal, "newer", "new bytes");
            for (int i = 100; i < 200; i++) {
                Journals.live(journal, "job-" + i);
            }
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
            for (int i = from; i < to; i++) {
                Journals.live(journal, "job-" + i);
            }
        }
    }
}
