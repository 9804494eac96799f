package dev.ringfence.api.webhook;

import dev.ringfence.api.job.JobView;
import dev.ringfence.runner.fence.egress.Resolver;
import dev.ringfence.wal.map.DurableMap;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jboss.logging.Logger;

/**
 * Sends what is untold to its endpoints, and tries again until it was told or is given up. Each message is under way once
 * at most. Thread-safe.
 */
final class Deliveries implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(Deliveries.class);
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
     * Sends nothing yet.
     *
     * @param endpoints by their names
     * @param untold messages by their keys; the owner closes it, after this
     */
    Deliveries(Map<String, Endpoint> endpoints, Rules rules, DurableMap untold) {
        this.endpoints = endpoints;
        this.rules = rules;
        this.untold = untold;
        this.clock = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().name("webhooks").daemon().factory());
        clock.setRemoveOnCancelPolicy(true);
        this.post = new Post(rules.timeout(), clock, resolver);
    }

    /** @param known finds a job */
    void begin(Function<String, Optional<JobView>> known) {
        jobs = known;
    }

    /** Goes on with what is untold of jobs that have ended. */
    void resume() {
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

    /** The job of this message has ended. */
    void send(String key) {
        if (untold.find(key).isPresent()) {
            schedule(key, Duration.ZERO);
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

    /** Nothing is to be told under this key any more. */
    void forget(String key) {
        untold.remove(key).subscribe().with(_ -> scheduled.remove(key), _ -> scheduled.remove(key));
    }

    /** How an endpoint has fared since the start. */
    Webhooks.Status status(Endpoint endpoint, long waiting) {
        var count = counts(endpoint);
        return new Webhooks.Status(endpoint, waiting, count.delivered.get(), count.givenUp.get(), count.lastError);
    }

    private Counts counts(Endpoint endpoint) {
        return counts.computeIfAbsent(endpoint.name(), _ -> new Counts());
    }

    /** Sends nothing more. */
    @Override
    public void close() {
        closed = true;
        clock.shutdownNow();
        resolver.close();
    }
}
