package dev.ringfence.wal.journal;

import java.util.List;
import java.util.OptionalLong;

/**
 * Some of the jobs that match a query, the newest submission first.
 *
 * @param next where the following page begins; empty when there is none. The page may be short, even empty, and still
 *     have a next one: no more than a bounded number of jobs is looked at for one page
 */
public record JobPage(List<JobSummary> jobs, OptionalLong next) {
    public JobPage {
        jobs = List.copyOf(jobs);
    }
}
