package dev.ringfence.api.rest;

import dev.ringfence.api.Ringfence;
import dev.ringfence.api.RingfenceProducer;
import dev.ringfence.api.access.Access;
import dev.ringfence.api.access.Caller;
import dev.ringfence.api.job.Job;
import io.quarkus.vertx.http.runtime.CurrentVertxRequest;
import jakarta.inject.Singleton;

/** Gives resources the service, or tells the client that it is still starting. */
@Singleton
public class ServiceGate {
    private final RingfenceProducer producer;
    private final CurrentVertxRequest request;

    ServiceGate(RingfenceProducer producer, CurrentVertxRequest request) {
        this.producer = producer;
        this.request = request;
    }

    /** The service, once it has read its journal. */
    public Ringfence service() {
        return producer.ready().orElseThrow(Starting::new);
    }

    /** Tells who calls, also while the journal is still being read. */
    Access access() {
        return producer.access().orElseThrow(Starting::new);
    }

    /** Who sent the request that this thread serves. */
    public Caller caller() {
        return AccessGuard.caller(request.getCurrent());
    }

    /**
     * A job of the caller. Another agent's job is answered like one that does not exist: not even that is told. Reads
     * files when it ended long ago.
     */
    Job job(String id) {
        var caller = caller();
        return service()
                .jobs()
                .find(id)
                .filter(job -> caller.maySee(job.agent()))
                .orElseThrow(() -> new UnknownJob(id));
    }

    /** The journal is still being read; try again in a moment. */
    static final class Starting extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Starting() {
            super("the service is still reading its journal");
        }
    }
}
