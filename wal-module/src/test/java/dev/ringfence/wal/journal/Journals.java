package dev.ringfence.wal.journal;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.stream.IntStream;

/** Journals for tests: small segments, small files of the index, a snapshot only when a test asks. */
final class Journals {
    static final JournalOptions OPTIONS =
            JournalOptions.defaults().withSizes(16 << 10, 4096).withSnapshots(Integer.MAX_VALUE, 10);

    private Journals() {}

    static Journal open(Path directory) {
        return Journal.recover(directory, OPTIONS).journal();
    }

    static long append(Journal journal, JobEvent event) {
        return journal.append(event).await().atMost(Duration.ofMinutes(2));
    }

    /** A job that came to its end. */
    static void live(Journal journal, String id) {
        append(journal, Events.submitted(id));
        append(journal, Events.started(id));
        append(journal, Events.completed(id));
    }

    static List<String> ids(Journal journal) {
        return ids(journal, JobQuery.all(), 7);
    }

    /** The ids of all jobs that match, page by page. */
    static List<String> ids(Journal journal, JobQuery query, int most) {
        var ids = new ArrayList<String>();
        var next = OptionalLong.empty();
        do {
            var page = journal.list(query, next, most);
            page.jobs().forEach(job -> ids.add(job.jobId()));
            next = page.next();
        } while (next.isPresent());
        return ids;
    }

    /** The ids job-to-1, …, job-from. */
    static List<String> newestFirst(int from, int to) {
        return IntStream.range(from, to)
                .mapToObj(i -> "job-" + (to - 1 - (i - from)))
                .toList();
    }

    /** Legal events of some jobs, as a seed has it. */
    static List<JobEvent> history(long seed, int length) {
        var random = new Random(seed);
        var states = new java.util.HashMap<String, JobRecord>();
        var events = new ArrayList<JobEvent>();
        int ids = 0;
        while (events.size() < length) {
            var id = random.nextInt(4) == 0 || ids == 0 ? "job-" + ids++ : "job-" + random.nextInt(ids);
            var kinds = JobFoldTest.KINDS;
            var event = kinds.get(random.nextInt(kinds.size())).apply(id);
            try {
                states.put(id, JobFold.apply(states.get(id), events.size() + 1, event));
                events.add(event);
            } catch (JournalException.IllegalTransition e) {
                // Another one then.
            }
        }
        return events;
    }
}
