package dev.ringfence.wal.journal;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Proves events in their order: that each carries the hash of the one before, that each can follow its job's state, and that
 * the snapshots were made of them. Ended jobs are not kept in memory: what may follow an end is known from the fold of the
 * live ones.
 */
final class EventProof {
    private final NavigableMap<Long, byte[]> snapshots = new TreeMap<>();
    private final LiveFold fold = new LiveFold();
    private long givenUpBefore;
    private byte @Nullable [] link;
    private byte[] anchor = new byte[EventRecord.LINK_BYTES];
    private long first;
    private long last;
    private boolean ofKeptJob;

    /** @throws IOException if the snapshots cannot be looked at */
    EventProof(JournalFiles files) throws IOException {
        for (var file : files.snapshotFiles()) {
            try {
                var snapshot = files.readSnapshot(file);
                snapshots.put(snapshot.sequence(), snapshot.link());
                givenUpBefore = Math.max(givenUpBefore, snapshot.firstSequence());
            } catch (IOException _) {
                // Of no use to a restart either, which then reads the events; it proves and disproves nothing.
            }
        }
    }

    /**
     * Takes the next record.
     *
     * @throws JournalException.Broken if it is not what was written
     * @throws JournalException.NotReadable if it means nothing
     */
    JournalEvent accept(long sequence, byte[] payload) {
        var before = link;
        if (before == null) {
            first = sequence;
            last = sequence - 1;
            anchor = payload.length < EventRecord.LINK_BYTES ? anchor : Arrays.copyOf(payload, EventRecord.LINK_BYTES);
            before = sequence == 1 ? new byte[EventRecord.LINK_BYTES] : anchor;
            snapshots.headMap(sequence, false).clear();
        }
        var event = EventRecord.decode(sequence, before, payload);
        var now = EventRecord.linkTo(payload);
        var expected = snapshots.get(sequence);
        if (expected != null && !Arrays.equals(expected, now)) {
            throw new JournalException.Broken(
                    sequence, "the snapshot of this event was made when it was another event", null);
        }
        // Last of what may refuse it: what was refused has changed nothing.
        ofKeptJob = fold.accept(first > 1, sequence, event);
        snapshots.remove(sequence);
        link = now;
        last = sequence;
        return event;
    }

    /** Whether any event was taken. */
    boolean isEmpty() {
        return link == null;
    }

    /** The first event that was taken, 0 if none was. */
    long first() {
        return first;
    }

    /** The last event that was found to be what was written, 0 if none was. */
    long last() {
        return last;
    }

    /** Whether the job of the last event was submitted by one that was taken, too. Of others retention keeps nothing. */
    boolean isOfKeptJob() {
        return ofKeptJob;
    }

    /** The hash that the first event carries of the one before it. */
    byte[] anchor() {
        return anchor;
    }

    /** The hash of the last event. */
    byte[] head() {
        return link == null ? anchor : link;
    }

    /** The jobs that are live behind the last event. */
    List<JobRecord> live() {
        return fold.jobs();
    }

    /** The oldest event of which there is a snapshot and that did not come, once all were taken. */
    OptionalLong missing() {
        return snapshots.isEmpty() ? OptionalLong.empty() : OptionalLong.of(snapshots.firstKey());
    }

    /** Of the events before this one it is certain, from the snapshots, that retention gave them up; 0 of none. */
    long givenUpBefore() {
        return givenUpBefore;
    }
}
