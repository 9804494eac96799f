package dev.ringfence.api.job;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.catalog.Catalog;
import dev.ringfence.runner.capability.Capabilities;
import dev.ringfence.runner.capability.Capability;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.journal.JobQuery;
import dev.ringfence.wal.journal.JobSummary;
import dev.ringfence.wal.journal.Journal;
import dev.ringfence.wal.journal.JournalOptions;
import dev.ringfence.wal.log.LogObserver;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** The pipeline of jobs over a real journal. */
final class Pipeline implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofMinutes(2);

    private final Path directory;
    final Journal journal;
    final Jobs jobs;

    /** How many records each sync made durable. */
    final List<Integer> syncs;

    /** Why submissions were refused, as the metrics have it. */
    final List<String> refused;

    private Pipeline(Path directory, Journal journal, Jobs jobs, List<Integer> syncs, List<String> refused) {
        this.directory = directory;
        this.journal = journal;
        this.jobs = jobs;
        this.syncs = syncs;
        this.refused = refused;
    }

    static JobSettings settings(int concurrency, int queue) {
        return new JobSettings(
                concurrency, queue, queue, 64 << 20, Map.of(), 1000, 64 << 20, Duration.ofSeconds(60), 10_000);
    }

    /** Segments and events that are small, so that their bounds are met soon. */
    static Pipeline open(Path directory, JobSettings settings, Capability capability) {
        return open(directory, settings, capability, Catalog.empty());
    }

    static Pipeline open(Path directory, JobSettings settings, Capability capability, Catalog catalog) {
        return open(directory, settings, capability, catalog, Unwatched.HOST);
    }

    static Pipeline open(Path directory, JobSettings settings, Capability capability, Catalog catalog, JobHost host) {
        return open(directory, settings, capability, catalog, host, Preparation.NONE);
    }

    static Pipeline open(
            Path directory,
            JobSettings settings,
            Capability capability,
            Catalog catalog,
            JobHost host,
            Preparation preparation) {
        var syncs = new CopyOnWriteArrayList<Integer>();
        var options = JournalOptions.defaults().withSizes(256 << 10, 32 << 10);
        var log = options.log().withObserver(new LogObserver() {
            @Override
            public void synced(int records, long bytes, Duration write, Duration sync) {
                syncs.add(records);
            }
        });
        var recovered = Journal.recover(directory, options.withLog(log));
        var refused = new CopyOnWriteArrayList<String>();
        var jobs = new Jobs(
                settings,
                recovered.journal(),
                Capabilities.of(List.of(capability)),
                new FixedTerms(catalog),
                host,
                preparation,
                new JobObserver() {
                    @Override
                    public void refused(String slug) {
                        refused.add(slug);
                    }
                });
        jobs.recover(recovered.jobs());
        return new Pipeline(directory, recovered.journal(), jobs, syncs, refused);
    }

    static Pipeline open(Path directory, Capability capability) {
        return open(directory, settings(4, 10), capability);
    }

    Job submit() {
        return submit(null, JsonNodeFactory.instance.objectNode());
    }

    Job submit(@Nullable String key, JsonNode arguments) {
        return jobs.submit(submission(key, arguments)).await().atMost(PATIENCE);
    }

    static Submission submission(@Nullable String key, JsonNode arguments) {
        return Submission.of("anonymous", "Probe", arguments)
                .idempotencyKey(Optional.ofNullable(key))
                .build();
    }

    /** What may be begun again, or waits with a priority. */
    static Submission submission(int retries, int priority) {
        return Submission.of("anonymous", "Probe", JsonNodeFactory.instance.objectNode())
                .retries(retries)
                .priority(priority)
                .build();
    }

    /** The ids of all jobs, the newest first. */
    List<String> ids() {
        return jobs.list(JobQuery.all(), OptionalLong.empty(), 1000).jobs().stream()
                .map(JobSummary::jobId)
                .toList();
    }

    JobView end(Job job) {
        return job.ended().await().atMost(PATIENCE);
    }

    /** What the journal has of a job. */
    List<String> journaled(String id) {
        var types = new ArrayList<String>();
        Journal.read(directory, 1, entry -> {
            if (entry.event() instanceof JobEvent event && event.jobId().equals(id)) {
                types.add(event.type());
            }
        });
        return types;
    }

    List<JobEvent> events() {
        var events = new ArrayList<JobEvent>();
        Journal.read(directory, 1, entry -> events.add((JobEvent) entry.event()));
        return events;
    }

    /** Ends as a crash would: without waiting for anything. */
    @Override
    public void close() {
        journal.close();
    }
}
