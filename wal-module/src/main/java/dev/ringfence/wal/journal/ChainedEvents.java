package dev.ringfence.wal.journal;

import dev.ringfence.wal.log.RecordVisitor;
import java.time.Instant;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Decodes records in order and checks that each follows the one before, as far as that one was seen. */
final class ChainedEvents implements RecordVisitor {
    private final Predicate<JournalRecord> goOn;
    private byte @Nullable [] link;

    ChainedEvents(Predicate<JournalRecord> goOn) {
        this.goOn = goOn;
    }

    @Override
    public boolean visit(long sequence, Instant time, byte[] payload) {
        var before = link != null ? link : sequence == 1 ? EventRecord.linkTo(new byte[0]) : null;
        var event = before == null
                ? EventRecord.decodeUnlinked(sequence, payload)
                : EventRecord.decode(sequence, before, payload);
        link = EventRecord.linkTo(payload);
        return goOn.test(new JournalRecord(sequence, event));
    }
}
