package dev.ringfence.wal.log;

/** What an operator can do about damage. */
final class Remedy {
    static final String RESTORE =
            "Nothing was changed. Restore the directory from a backup, or, when the records can be"
                    + " given up, move the directory aside to start an empty log";

    private Remedy() {}
}
