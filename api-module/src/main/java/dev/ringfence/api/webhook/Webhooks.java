package dev.ringfence.api.webhook;

import dev.ringfence.api.job.AdmissionException;
import dev.ringfence.api.job.JobObserver;
import dev.ringfence.api.job.JobView;
import dev.ringfence.api.job.Preparation;
import dev.ringfence.api.journal.HealthLog;
import dev.ringfence.runner.fence.egress.Resolver;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.log.Health;
import dev.ringfence.wal.log.LogException;
import dev.ringfence.wal.log.LogObserver;
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
    static final int MOST_UNTOLD = 10_000;
    /** One agent whose endpoint is dead must not take the places of all others. */
    static final int MOST_UNTOLD_OF_AGENT = MOST_UNTOLD / 2;

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
        this.untold = DurableMap.open(directory, new HealthLog(LogObserver.none()));
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
        untold.entries().forEach((key, stored) -> {
            var message = Message.of(stored);
            var endpoint = endpoints.get(message.endpoint());
            if (endpoint == null) {
                LOG.warnf(
                        "webhook %s is not told of job %s: it is configured no more",
                        message.endpoint(), message.job());
                forget(key);
                return;
            }
            // One that has been tried has ended.
            if (message.attempts() == 0) {
                Optional<JobView> job;
                try {
                    job = jobs.apply(message.job());
                } catch (RuntimeException e) {
                    // All that live are in memory, so it has ended, if it ever began; the attempt will find out.
                    LOG.warnf("job %s cannot be looked for now: %s", message.job(), e.getMessage());
                    schedule(key, rules.pause(1));
                    return;
                }
                if (job.isEmpty()) {
                    LOG.warnf(
                            "webhook %s is not told of job %s: it was never acknowledged, or is no longer kept",
                            message.endpoint(), message.job());
                    forget(key);
                    return;
                }
                if (!job.get().state().ended()) {
                    return;
                }
            }
            // The rules of now hold, also for a pause that began under others.
            schedule(key, rules.left(message.next(), Instant.now()));
        });
    }

    @Override
    public Uni<@Nullable Void> before(JobEvent.Submitted submission) {
        return Uni.createFrom().deferred(() -> {
            var told = told(submission);
            requireRoom(submission.agent(), told.size());
            Uni<@Nullable Void> all = Uni.createFrom().nullItem();
            for (var endpoint : told) {
                all = all.flatMap(_ -> untold.put(
                        key(submission.jobId(), endpoint),
                        Message.untried(submission, endpoint.name()).stored()));
            }
            // Nobody else knows of a submission that is refused here.
            return all.onFailure().invoke(() -> forget(submission, told));
        });
    }

    private void requireRoom(String agent, int more) {
        int all = untold.size() + more;
        if (more == 0 || all <= MOST_UNTOLD_OF_AGENT) {
            return;
        }
        long own = untold.entries().values().stream()
                .filter(stored -> agent.equals(Message.of(stored).agent()))
                .count();
        if (own + more > MOST_UNTOLD_OF_AGENT) {
            throw new AdmissionException.TooMany(
                    "webhooks-waiting",
                    own + " messages about jobs of agent " + agent + " wait for endpoints of webhooks, and an agent may"
                            + " have " + MOST_UNTOLD_OF_AGENT + "; GET /api/v1/webhooks says why they do not arrive",
                    Duration.ofMinutes(1));
        }
        if (all > MOST_UNTOLD) {
            throw new AdmissionException.Unavailable(
                    "saturated",
                    MOST_UNTOLD + " messages wait for endpoints of webhooks, and there is no room for more",
                    Duration.ofMinutes(1));
        }
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
                schedule(key, Duration.ZERO);
            }
        }
    }

    private void schedule(String key, Duration pause) {
        if (!closed && scheduled.add(key)) {
            try {
                var _ = clock.schedule(() -> start(key), pause.toMillis(), TimeUnit.MILLISECONDS);
            } catch (RejectedExecutionException e) {
                // Closed meanwhile: it is told after the next start.
            }
        }
    }

    private void start(String key) {
        try {
            Thread.ofVirtual().name("webhook-" + key).start(() -> attempt(key));
        } catch (RuntimeException | Error e) {
            // As when memory is short for a moment.
            LOG.warnf(e, "a webhook could not be told of the end of a job");
            again(key, rules.pause(1));
        }
    }

    private void again(String key, Duration pause) {
        scheduled.remove(key);
        schedule(key, pause);
    }

    private void attempt(String key) {
        var message = untold.find(key).map(Message::of);
        var endpoint = message.map(known -> endpoints.get(known.endpoint()));
        if (message.isEmpty() || endpoint.isEmpty()) {
            forget(key);
            return;
        }
        try {
            attempt(key, endpoint.get(), message.get());
        } catch (RuntimeException | Error e) {
            // A reason of ours, such as an index that is being made anew: no reason to give up.
            if (!closed) {
                LOG.warnf(
                        e,
                        "webhook %s could not be told of the end of job %s",
                        endpoint.get().name(),
                        message.get().job());
                counts(endpoint.get()).lastError = e.toString();
                later(key, message.get(), rules.pause(message.get().attempts() + 1));
            }
        }
    }

    private void attempt(String key, Endpoint endpoint, Message message) {
        var body = message.body();
        if (body == null) {
            var job = jobs.apply(message.job());
            if (job.isEmpty()) {
                giveUp(key, endpoint, message, "the job is no longer kept");
                return;
            }
            body = Message.bodyOf(job.get());
        }
        var count = counts(endpoint);
        count.slots.acquireUninterruptibly();
        String failure;
        boolean gone = false;
        try {
            int status = post.send(endpoint, "msg_" + message.job(), body);
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
        var pause = rules.pause(message.attempts() + 1);
        if (gone || message.waited().plus(pause).compareTo(rules.giveUp()) > 0) {
            giveUp(key, endpoint, message, "after " + (message.attempts() + 1) + " attempts: " + failure);
            return;
        }
        LOG.debugf("webhook %s was not told of the end of job %s yet: %s", endpoint.name(), message.job(), failure);
        // The job may be given up before the endpoint is told.
        later(key, message.with(body), pause);
    }

    private void giveUp(String key, Endpoint endpoint, Message message, String why) {
        LOG.warnf(
                "webhook %s was not told of the end of job %s, and will not be: %s",
                endpoint.name(), message.job(), why);
        counts(endpoint).givenUp.incrementAndGet();
        forget(key);
    }

    private void later(String key, Message message, Duration pause) {
        try {
            untold.put(key, message.failed(pause, Instant.now().plus(pause)).stored())
                    .onFailure()
                    // Known less exactly after a restart; it is tried again all the same.
                    .recoverWithNull()
                    .subscribe()
                    .with(_ -> again(key, pause));
        } catch (RuntimeException | Error e) {
            LOG.debugf("an attempt could not be noted: %s", e);
            again(key, pause);
        }
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

    /** How each endpoint fares. */
    public List<Status> status() {
        var waiting = new HashMap<String, Long>();
        untold.entries()
                .values()
                .forEach(message -> waiting.merge(Message.of(message).endpoint(), 1L, Long::sum));
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

    /** Whether it can be noted that an endpoint is to be told; never blocks. */
    public Health health() {
        return untold.health();
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
