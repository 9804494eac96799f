package dev.ringfence.api.rest;

/** There is no such job, or the journal does not keep it any more. */
final class UnknownJob extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnknownJob(String id) {
        super("there is no job " + id
                + "; it may have ended longer ago than the journal is kept (ringfence.journal.retention)");
    }
}
