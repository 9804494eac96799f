package dev.ringfence.api.rest;

import dev.ringfence.api.RingfenceConfig;
import dev.ringfence.api.job.Job;
import dev.ringfence.api.job.JobNews;
import io.smallrye.mutiny.Multi;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import jakarta.ws.rs.sse.OutboundSseEvent;
import jakarta.ws.rs.sse.Sse;
import java.time.Duration;

/**
 * A job's news as server-sent events on a connection. A connection is given one event at a time, and the next when
 * the one before has left for the network; so a slow reader costs one event, and one that takes nothing is cut off after
 * a while. It can go on from the last event that it has.
 */
@Singleton
class EventFeed {
    private final Duration heartbeat;
    private final Duration stallLimit;

    EventFeed(RingfenceConfig config) {
        this.heartbeat = config.http().heartbeat();
        this.stallLimit = config.http().stallLimit();
    }

    /**
     * All events after a sequence number, 0 for all, up to the job's end. A job goes on whose reader was cut off: that
     * one has not gone away, and may read the rest later.
     */
    Multi<OutboundSseEvent> of(Job job, long after, Sse sse, RoutingContext connection) {
        return Multi.createFrom().deferred(() -> {
            // Whoever is cut off has not gone away.
            var watch = new StallWatch(connection, stallLimit, job::keep);
            return job.news(after, heartbeat)
                    .map(item -> item.map(heard -> event(sse, heard)).orElseGet(() -> heartbeat(sse)))
                    .onItem()
                    .invoke(watch::given)
                    .onRequest()
                    .invoke(watch::taken)
                    .onTermination()
                    .invoke(watch::end);
        });
    }

    private static OutboundSseEvent event(Sse sse, JobNews item) {
        return sse.newEventBuilder()
                .id(Long.toString(item.sequence()))
                .name(JobJson.name(item))
                .data(String.class, JobJson.of(item).toString())
                .build();
    }

    private static OutboundSseEvent heartbeat(Sse sse) {
        return sse.newEventBuilder().comment("still here").build();
    }
}
