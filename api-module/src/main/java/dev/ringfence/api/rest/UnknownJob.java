package dev.ringfence.api.rest;

/** There is no such job, or it ended too long ago. */
final class UnknownJob extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnknownJob(String id) {
        super("there is no job " + id + "; it may have ended too long ago: the journal still has it");
    }
}
