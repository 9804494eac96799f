package dev.ringfence.api.rest;

import dev.ringfence.api.Ringfence;
import dev.ringfence.api.RingfenceProducer;
import jakarta.inject.Singleton;

/** Gives resources the service, or tells the client that it is still starting. */
@Singleton
class ServiceGate {
    private final RingfenceProducer producer;

    ServiceGate(RingfenceProducer producer) {
        this.producer = producer;
    }

    Ringfence service() {
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
