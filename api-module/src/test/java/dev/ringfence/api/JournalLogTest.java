package dev.ringfence.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class JournalLogTest {
    private static final Duration TOOK = Duration.ofMillis(12);

    /** Of hundreds of events it said that 0 were read. */
    @Test
    void aStartFromASnapshotSaysWhatTheSnapshotHas() {
        assertThat(JournalLog.read(412, 0, TOOK))
                .isEqualTo(
                        "the journal is read: a snapshot of all that was up to event 412, and 0 events after it, in 12 ms");
        assertThat(JournalLog.read(0, 7, TOOK)).isEqualTo("the journal is read: 7 events in 12 ms");
    }
}
