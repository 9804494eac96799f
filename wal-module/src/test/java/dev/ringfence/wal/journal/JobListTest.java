package dev.ringfence.wal.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Jobs in memory and in files of the index, as one list. */
class JobListTest {
    @TempDir
    Path directory;

    @Test
    void pagesOfAnySizeTellEachJobOnceAndTheNewestFirst() throws IOException {
        try (var journal = Journals.open(directory)) {
            // Every seventh job lives on, over the ends of many others.
            for (int i = 0; i < 90; i++) {
                Journals.append(journal, Events.submitted("job-" + i));
                if (i % 7 > 0) {
                    Journals.append(journal, Events.cancelled("job-" + i));
                }
                if (i == 50) {
                    journal.snapshotNow();
                    Journals.append(journal, Events.cancelled("job-7"));
                }
            }
            for (int most : new int[] {1, 3, 10, 1000}) {
                assertThat(Journals.ids(journal, JobQuery.all(), most)).isEqualTo(Journals.newestFirst(0, 90));
            }
            assertThat(journal.figures().indexFiles()).isGreaterThan(2);
        }
    }

    @Test
    void eachConditionHolds() throws IOException {
        try (var journal = Journals.open(directory)) {
            for (int i = 0; i < 60; i++) {
                var id = "job-" + i;
                Journals.append(
                        journal,
                        new JobEvent.Submitted(
                                id,
                                Events.AT.plusSeconds(i),
                                "agent-" + i % 3,
                                "session-" + i % 5,
                                i % 2 == 0 ? "ShellExec" : "GenerateText",
                                Events.DATA,
                                "p",
                                Duration.ofSeconds(1),
                                null,
                                0));
                if (i % 4 == 0) {
                    Journals.append(journal, Events.failed(id));
                }
            }
            journal.snapshotNow();
            assertThat(Journals.ids(journal, new JobQuery("agent-1", null, null, null, null, null), 9))
                    .hasSize(20);
            assertThat(Journals.ids(journal, new JobQuery("agent-1", "session-2", null, null, null, null), 9))
                    .containsExactly("job-52", "job-37", "job-22", "job-7");
            assertThat(Journals.ids(journal, new JobQuery(null, null, "failed", null, null, null), 9))
                    .hasSize(15);
            assertThat(Journals.ids(journal, new JobQuery(null, null, "failed", "GenerateText", null, null), 9))
                    .isEmpty();
            assertThat(Journals.ids(
                            journal,
                            new JobQuery(null, null, null, null, Events.AT.plusSeconds(10), Events.AT.plusSeconds(12)),
                            9))
                    .containsExactly("job-11", "job-10");
        }
    }

    @Test
    void aKeyLeadsToItsNewestJobFromMemoryAndFromDisk() throws IOException {
        try (var journal = Journals.open(directory)) {
            for (int i = 0; i < 30; i++) {
                Journals.append(
                        journal,
                        new JobEvent.Submitted(
                                "job-" + i, Events.AT, "a", "c", Events.DATA, "p", Duration.ofSeconds(1), "key-" + i));
                Journals.append(journal, Events.cancelled("job-" + i));
            }
            journal.snapshotNow();
        }
        try (var journal = Journals.open(directory)) {
            for (int i = 0; i < 30; i++) {
                assertThat(journal.findByKey("a", "key-" + i).orElseThrow().jobId())
                        .isEqualTo("job-" + i);
            }
            assertThat(journal.findByKey("b", "key-1")).isEmpty();
            assertThat(journal.list(JobQuery.all(), OptionalLong.of(1), 10).jobs())
                    .isEmpty();
        }
    }
}
