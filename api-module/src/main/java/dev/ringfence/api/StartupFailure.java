package dev.ringfence.api;

import dev.ringfence.api.journal.DataProof;
import dev.ringfence.wal.log.LogException;
import java.nio.file.Path;

/** The service cannot start; the message says why and what to do, and is all that an operator needs. */
public final class StartupFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    StartupFailure(String message) {
        super(message);
    }

    StartupFailure(String message, Throwable cause) {
        super(message, cause);
    }

    /** Without room, the journal and what lies beside it do with what there is; but that has to be there. */
    static StartupFailure notOpened(Path directory, LogException e) {
        return new StartupFailure(
                switch (e) {
                    case LogException.NoSpace _ ->
                        directory + " has to be made, and there is no room (" + e.getCause()
                                + "): make room, and start again";
                    case LogException.Corrupt _ ->
                        e.getMessage() + ". "
                                + DataProof.lostWith(directory.getFileName().toString());
                    default -> String.valueOf(e.getMessage());
                },
                e);
    }
}
