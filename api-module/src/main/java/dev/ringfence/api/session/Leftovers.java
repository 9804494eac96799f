package dev.ringfence.api.session;

import java.util.Optional;

/** What sessions and their jobs leave beside the journal. All methods block. */
public interface Leftovers {
    /** Deletes what an ended job left. */
    void deleteOfJob(String jobId);

    /** Deletes what the jobs of a session shared; none of them is running. */
    void deleteOfSession(String agent, Optional<String> session);
}
