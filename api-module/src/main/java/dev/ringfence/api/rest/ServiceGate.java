package dev.ringfence.api.rest;

import dev.ringfence.api.Ringfence;
import dev.ringfence.api.RingfenceProducer;
import jakarta.inject.Singleton;

/** Gives resources the service, or tells the client that it is still starting. */
@Singleton
public class ServiceGate {
    private final RingfenceProducer producer;

    ServiceGate(RingfenceProducer producer) {
        this.producer = producer;
    }

    /** The service, once it has read its journal. */
    public Ringfence service() {
        return producer.ready().orElseThrow(Starting::new);
    }

    /** The journal is still being read; try again in a moment. */
    static final class Starting extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Starting() {
            super("the service is still reading its journal");
        }
    }
}
