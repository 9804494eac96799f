package dev.ringfence.wal.journal;

import dev.ringfence.wal.log.RecordVisitor;
import java.time.Instant;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Decodes records in order and checks that each follows the one before, as far as that one was seen. */
final class ChainedEvents implements RecordVisitor {
    private final Predicate<JournalRecord> goOn;
    private byte @Nullable [] previous;

    ChainedEvents(Predicate<JournalRecord> goOn) {
        this.goOn = goOn;
    }

    @Override
    public boolean visit(long sequence, Instant time, byte[] payload) {
        var before = previous;
        previous = payload;
        JobEvent event;
        if (before != null) {
            event = EventRecord.decode(sequence, EventRecord.linkTo(before), payload);
        } else if (sequence == 1) {
            event = EventRecord.decode(sequence, EventRecord.linkTo(new byte[0]), payload);
        } else {
            event = EventRecord.decodeUnlinked(sequence, payload);
        }
        return goOn.test(new JournalRecord(sequence, time, event));
    }
}
