package dev.ringfence.runner.fence.egress;

import java.util.function.Consumer;

/** Opens the proxies of jobs. Thread-safe. */
public final class Egress implements AutoCloseable {
    private final EgressLimits limits;
    private final Resolver resolver = new Resolver();

    public Egress(EgressLimits limits) {
        this.limits = limits;
    }

    /**
     * Opens one job's proxy; the caller closes it when nothing of the job is left.
     *
     * @param refused told of each refused destination, up to the limit, one at a time and by any thread; it must not
     *     block
     * @throws java.io.UncheckedIOException when the host has no room for its socket
     */
    public JobEgress open(String job, EgressPolicy policy, Consumer<Refusal> refused) {
        return new JobEgress(job, policy, limits, resolver, refused);
    }

    @Override
    public void close() {
        resolver.close();
    }
}
