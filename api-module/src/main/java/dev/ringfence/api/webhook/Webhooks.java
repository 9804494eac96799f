package dev.ringfence.api.webhook;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.job.AdmissionException;
import dev.ringfence.api.job.JobObserver;
import dev.ringfence.api.job.JobView;
import dev.ringfence.api.job.Preparation;
import dev.ringfence.runner.fence.egress.Resolver;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.log.LogException;
import dev.ringfence.wal.map.DurableMap;
import io.smallrye.mutiny.Uni;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Tells endpoints of the ends of jobs. That an endpoint is to be told is durable before the job's submission is, and kept
 * until it was told or given up; so no end goes untold because the service crashed, and one may be told twice, with the
 * same id. Thread-safe.
 */
public final class Webhooks implements Preparation, JobObserver, AutoCloseable {
    private static final Logger LOG = Logger.getLogger(Webhooks.class);
    private static final int MOST_UNTOLD = 10_000;
    private static final int AT_A_TIME = 4;
    private static final int GONE = 410;

    private final Map<String, Endpoint> endpoints;
    private final Rules rules;
    private final DurableMap untold;
    private final ScheduledThreadPoolExecutor clock;
    private final Resolver resolver = new Resolver();
    private final Post post;
    private final Map<String, Counts> counts = new ConcurrentHashMap<>();
    private final Set<String> scheduled = ConcurrentHashMap.newKeySet();
    private volatile Function<String, Optional<JobView>> jobs = _ -> Optional.empty();
    private volatile boolean closed;

    /** Of one endpoint. */
    private static final class Counts {
        private final Semaphore slots = new Semaphore(AT_A_TIME);
        private final AtomicLong delivered = new AtomicLong();
        private final AtomicLong givenUp = new AtomicLong();
        private volatile String lastError = "";
    }

    /**
     * How an endpoint fares.
     *
     * @param delivered messages since the start
     * @param givenUp messages since the start that it will never get
     * @param lastError why the last attempt that failed did; empty when none has
     */
    public record Status(Endpoint endpoint, long untold, long delivered, long givenUp, String lastError) {}

    /**
     * Reads what an earlier life left untold.
     *
     * @param directory made when it is missing; holds nothing else
     * @throws LogException when it cannot be read
     */
    public Webhooks(Path directory, List<Endpoint> endpoints, Rules rules) {
        this.endpoints = new TreeMap<>();
        endpoints.forEach(endpoint -> this.endpoints.put(endpoint.name(), endpoint));
        this.rules = rules;
        this.untold = DurableMap.open(directory);
        this.clock = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().name("webhooks").daemon().factory());
        clock.setRemoveOnCancelPolicy(true);
        this.post = new Post(rules.timeout(), clock, resolver);
    }

    /**
     * Tells of jobs that end from now on; to be called before any does.
     *
     * @param known finds a job
     */
    public void begin(Function<String, Optional<JobView>> known) {
        jobs = known;
    }

    /** Goes on with what an earlier life left untold; to be called when the jobs have been recovered. */
    public void resume() {
        untold.entries().forEach((key, message) -> {
            Optional<JobView> job;
            try {
                job = jobs.apply(message.path("job").asText());
            } catch (RuntimeException e) {
                // Of those in memory are all that live, so it has ended, if it ever began; the attempt will find out.
                LOG.warnf(
                        "job %s cannot be looked for now: %s",
                        message.path("job").asText(), e.getMessage());
                schedule(key, rules.next(1, Instant.now()));
                return;
            }
            if (job.isEmpty() || !endpoints.containsKey(message.path("endpoint").asText())) {
                LOG.warnf(
                        "webhook %s is not told of job %s: %s",
                        message.path("endpoint").asText(),
                        message.path("job").asText(),
                        job.isEmpty() ? "it was never acknowledged, or is no longer kept" : "it is configured no more");
                forget(key);
            } else if (job.get().state().ended()) {
                // The rules of now hold, also for a pause that began under others.
                schedule(
                        key,
                        rules.atLatest(
                                Instant.ofEpochMilli(message.path("next_at_ms").asLong()), Instant.now()));
            }
        });
    }

    @Override
    public Uni<@Nullable Void> before(JobEvent.Submitted submission) {
        return Uni.createFrom().deferred(() -> {
            var told = told(submission);
            if (!told.isEmpty() && untold.size() + told.size() > MOST_UNTOLD) {
                throw new AdmissionException.Unavailable(
                        "saturated",
                        MOST_UNTOLD + " messages wait for endpoints of webhooks, and there is no room for more",
                        Duration.ofMinutes(1));
            }
            Uni<@Nullable Void> all = Uni.createFrom().nullItem();
            for (var endpoint : told) {
                all = all.flatMap(_ -> untold.put(
                        key(submission.jobId(), endpoint), message(submission.jobId(), endpoint, 0, Instant.EPOCH)));
            }
            // Nobody else knows of a submission that is refused here.
            return all.onFailure().invoke(() -> forget(submission, told));
        });
    }

    @Override
    public void check(JobEvent.Submitted submission) {
        var _ = told(submission);
    }

    private List<Endpoint> told(JobEvent.Submitted submission) {
        var agent = submission.agent();
        var told = new ArrayList<>(endpoints.values().stream()
                .filter(endpoint -> endpoint.always() && endpoint.mayBeNamedBy(agent))
                .toList());
        var named = submission.webhook();
        if (named != null) {
            var endpoint = endpoints.get(named);
            if (endpoint == null || !endpoint.mayBeNamedBy(agent)) {
                throw new AdmissionException.Invalid(
                        "unknown-webhook",
                        "there is no webhook \"" + named + "\" for agent " + agent + "; there are "
                                + endpoints.values().stream()
                                        .filter(each -> each.mayBeNamedBy(agent))
                                        .map(Endpoint::name)
                                        .toList()
                                + ", and the operator adds ringfence.webhooks.endpoints.NAME.url");
            }
            if (!told.contains(endpoint)) {
                told.add(endpoint);
            }
        }
        return told;
    }

    @Override
    public void settled(JobEvent.Submitted submission, boolean durable) {
        if (!durable) {
            forget(submission, told(submission));
        }
    }

    private void forget(JobEvent.Submitted submission, List<Endpoint> told) {
        told.forEach(endpoint -> forget(key(submission.jobId(), endpoint)));
    }

    @Override
    public void ended(JobView job) {
        for (var endpoint : endpoints.values()) {
            var key = key(job.id(), endpoint);
            if (untold.find(key).isPresent()) {
                schedule(key, Instant.EPOCH);
            }
        }
    }

    private void schedule(String key, Instant at) {
        if (!closed && scheduled.add(key)) {
            long pause = Math.max(0, Duration.between(Instant.now(), at).toMillis());
            try {
                var _ = clock.schedule(
                        () -> Thread.ofVirtual().name("webhook-" + key).start(() -> attempt(key)),
                        pause,
                        TimeUnit.MILLISECONDS);
            } catch (RejectedExecutionException e) {
                // Closed meanwhile: it is told after the next start.
            }
        }
    }

    private void attempt(String key) {
        var message = untold.find(key);
        var endpoint = message.map(known -> endpoints.get(known.path("endpoint").asText()));
        if (message.isEmpty() || endpoint.isEmpty()) {
            forget(key);
            return;
        }
        var id = message.get().path("job").asText();
        int attempts = message.get().path("attempts").asInt() + 1;
        try {
            var job = jobs.apply(id);
            if (job.isEmpty()) {
                forget(key);
            } else {
                attempt(key, endpoint.get(), job.get(), attempts);
            }
        } catch (RuntimeException e) {
            // A reason of ours, such as an index that is being made anew: no reason to give up.
            if (!closed) {
                LOG.warnf(
                        e,
                        "webhook %s could not be told of the end of job %s",
                        endpoint.get().name(),
                        id);
                counts(endpoint.get()).lastError = e.toString();
                later(key, endpoint.get(), id, attempts, rules.next(attempts, Instant.now()));
            }
        }
    }

    private void attempt(String key, Endpoint endpoint, JobView job, int attempts) {
        var count = counts(endpoint);
        count.slots.acquireUninterruptibly();
        String failure;
        boolean gone = false;
        try {
            int status = post.send(endpoint, "msg_" + job.id(), body(job));
            if (status >= 200 && status < 300) {
                count.delivered.incrementAndGet();
                forget(key);
                return;
            }
            failure = "it answered " + status;
            gone = status == GONE;
        } catch (IOException e) {
            failure = e instanceof Post.Failed ? String.valueOf(e.getMessage()) : e.toString();
        } finally {
            count.slots.release();
        }
        count.lastError = failure;
        again(key, endpoint, job, attempts, failure, gone);
    }

    private void again(String key, Endpoint endpoint, JobView job, int attempts, String failure, boolean gone) {
        var now = Instant.now();
        var next = rules.next(attempts, now);
        var endedAt = Optional.ofNullable(job.endedAt()).orElse(now);
        if (gone || next.isAfter(endedAt.plus(rules.giveUp()))) {
            LOG.warnf(
                    "webhook %s was not told of the end of job %s, and will not be, after %d attempts: %s",
                    endpoint.name(), job.id(), attempts, failure);
            counts(endpoint).givenUp.incrementAndGet();
            forget(key);
            return;
        }
        LOG.debugf("webhook %s was not told of the end of job %s yet: %s", endpoint.name(), job.id(), failure);
        later(key, endpoint, job.id(), attempts, next);
    }

    private void later(String key, Endpoint endpoint, String job, int attempts, Instant next) {
        untold.put(key, message(job, endpoint, attempts, next))
                .onFailure()
                // Known less exactly after a restart; it is tried again all the same.
                .recoverWithNull()
                .subscribe()
                .with(_ -> {
                    scheduled.remove(key);
                    schedule(key, next);
                });
    }

    private void forget(String key) {
        untold.remove(key).subscribe().with(_ -> scheduled.remove(key), _ -> scheduled.remove(key));
    }

    private Counts counts(Endpoint endpoint) {
        return counts.computeIfAbsent(endpoint.name(), _ -> new Counts());
    }

    private static String key(String job, Endpoint endpoint) {
        return job + '\0' + endpoint.name();
    }

    private static ObjectNode message(String job, Endpoint endpoint, int attempts, Instant next) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("job", job)
                .put("endpoint", endpoint.name())
                .put("attempts", attempts)
                .put("next_at_ms", next.toEpochMilli());
    }

    /** The same each time. Says how the job ended and not what it gave: that is for those who may see the job. */
    private static String body(JobView job) {
        var submission = job.submission();
        var json = JsonNodeFactory.instance
                .objectNode()
                .put("type", "job." + job.state().word())
                .put("timestamp", String.valueOf(job.endedAt()));
        var data = json.putObject("data")
                .put("id", job.id())
                .put("state", job.state().word())
                .put("capability", submission.capability())
                .put("agent", submission.agent());
        if (submission.session() != null) {
            data.put("session", submission.session());
        }
        data.put("submitted_at", submission.at().toString());
        if (job.startedAt() != null) {
            data.put("started_at", job.startedAt().toString());
        }
        data.put("ended_at", String.valueOf(job.endedAt()));
        if (job.error() != null) {
            data.put("error", job.error().type());
        }
        data.put("href", "/api/v1/jobs/" + job.id());
        return json.toString();
    }

    /** How each endpoint fares. */
    public List<Status> status() {
        var waiting = new HashMap<String, Long>();
        untold.entries()
                .values()
                .forEach(message -> waiting.merge(message.path("endpoint").asText(), 1L, Long::sum));
        return endpoints.values().stream()
                .map(endpoint -> {
                    var count = counts(endpoint);
                    return new Status(
                            endpoint,
                            waiting.getOrDefault(endpoint.name(), 0L),
                            count.delivered.get(),
                            count.givenUp.get(),
                            count.lastError);
                })
                .toList();
    }

    /** Tells nobody anything more; what is untold is told after the next start. */
    @Override
    public void close() {
        closed = true;
        clock.shutdownNow();
        resolver.close();
        untold.close();
    }
}
