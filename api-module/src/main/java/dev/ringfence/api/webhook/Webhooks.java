package dev.ringfence.api.webhook;

import dev.ringfence.api.job.AdmissionException;
import dev.ringfence.api.job.JobObserver;
import dev.ringfence.api.job.JobView;
import dev.ringfence.api.job.Preparation;
import dev.ringfence.api.journal.HealthLog;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.log.Health;
import dev.ringfence.wal.log.LogException;
import dev.ringfence.wal.log.LogObserver;
import dev.ringfence.wal.map.DurableMap;
import io.smallrye.mutiny.Uni;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Tells endpoints of the ends of jobs. That an endpoint is to be told is durable before the job's submission is, and kept
 * until it was told or given up; so no end goes untold because the service crashed, and one may be told twice, with the
 * same id. Thread-safe.
 */
public final class Webhooks implements Preparation, JobObserver, AutoCloseable {
    static final int MOST_UNTOLD = 10_000;
    /** One agent whose endpoint is dead must not take the places of all others. */
    static final int MOST_UNTOLD_OF_AGENT = MOST_UNTOLD / 2;

    private final Map<String, Endpoint> endpoints;
    private final DurableMap untold;
    private final Deliveries deliveries;

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
        this.untold = DurableMap.open(directory, new HealthLog(LogObserver.none()));
        this.deliveries = new Deliveries(this.endpoints, rules, untold);
    }

    /**
     * Tells of jobs that end from now on; to be called before any does.
     *
     * @param known finds a job
     */
    public void begin(Function<String, Optional<JobView>> known) {
        deliveries.begin(known);
    }

    /** Goes on with what an earlier life left untold; to be called when the jobs have been recovered. */
    public void resume() {
        deliveries.resume();
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
        told.forEach(endpoint -> deliveries.forget(key(submission.jobId(), endpoint)));
    }

    @Override
    public void ended(JobView job) {
        for (var endpoint : endpoints.values()) {
            deliveries.send(key(job.id(), endpoint));
        }
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
                .map(endpoint -> deliveries.status(endpoint, waiting.getOrDefault(endpoint.name(), 0L)))
                .toList();
    }

    /** Whether it can be noted that an endpoint is to be told; never blocks. */
    public Health health() {
        return untold.health();
    }

    /** Tells nobody anything more; what is untold is told after the next start. */
    @Override
    public void close() {
        deliveries.close();
        untold.close();
    }
}
