package dev.ringfence.wal.journal;

import java.util.List;

/**
 * What a journal up to an event comes to, kept so that a restart need not read all of it. Everything in it can be made
 * from the journal again.
 *
 * @param sequence of that event
 * @param link the hash of its record
 * @param firstSequence of the oldest event that was kept then
 * @param ended the ended jobs that are in no file of the index yet
 */
@SuppressWarnings("ArrayRecordComponent") // handed over once; nothing compares snapshots
record Snapshot(
        long sequence,
        byte[] link,
        long firstSequence,
        List<JobRecord> live,
        List<JobSummary> ended,
        List<IndexRun> runs) {}
