package dev.ringfence.runner.files;

import java.io.UncheckedIOException;
import java.util.Optional;

/** What jobs and their sessions leave on the disk beside the journal. Thread-safe; all methods block. */
public final class JobFiles {
    private final Workspaces workspaces;
    private final Artifacts artifacts;
    private final Backups backups;

    public JobFiles(Workspaces workspaces, Artifacts artifacts, Backups backups) {
        this.workspaces = workspaces;
        this.artifacts = artifacts;
        this.backups = backups;
    }

    /**
     * Deletes the artefacts of an ended job, and what it had backed up: it cannot be undone any more.
     *
     * @throws UncheckedIOException when some of it could not be deleted
     */
    public void deleteOfJob(String jobId) {
        artifacts.delete(jobId);
        backups.drop(jobId);
    }

    /**
     * Deletes the workspace of a session, or an agent's own; none of its jobs may be running.
     *
     * @throws UncheckedIOException when some of it could not be deleted
     */
    public void deleteOfSession(String agent, Optional<String> session) {
        workspaces.delete(agent, session);
    }
}
