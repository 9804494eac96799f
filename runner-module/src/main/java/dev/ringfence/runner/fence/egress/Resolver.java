package dev.ringfence.runner.fence.egress;

import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Resolves names with the host's resolver, which has no limit of its own that a caller could set: on a few threads, so that
 * a name server that does not answer costs these and no more, and whoever asks goes on in time. Thread-safe.
 */
public final class Resolver implements AutoCloseable {
    private static final int THREADS = 4;
    private static final int WAITING = 256;

    private final Lookup lookup;
    private final ThreadPoolExecutor threads;

    /** Asks for all addresses of a name, however long that takes. */
    public interface Lookup {
        InetAddress[] all(String name) throws UnknownHostException;
    }

    /** Asks the host's. */
    public Resolver() {
        this(InetAddress::getAllByName);
    }

    /** @param lookup is called by up to four threads at once */
    public Resolver(Lookup lookup) {
        this.lookup = lookup;
        threads = new ThreadPoolExecutor(
                THREADS,
                THREADS,
                30,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(WAITING),
                Thread.ofPlatform().name("resolver-", 0).daemon(true).factory());
        threads.allowCoreThreadTimeOut(true);
    }

    /**
     * All addresses of a name, at least one. Blocks, no longer than the limit.
     *
     * @throws SocketTimeoutException when they were not found within the limit
     * @throws IOException when it has none, or too many wait for others
     */
    public List<InetAddress> resolve(String name, Duration limit) throws IOException {
        try {
            var answer = threads.submit(() -> List.of(lookup.all(name)));
            try {
                return answer.get(limit.toNanos(), TimeUnit.NANOSECONDS);
            } finally {
                answer.cancel(true);
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof UnknownHostException) {
                throw new UnknownHostException(name + " could not be resolved");
            }
            throw new IOException(name + " could not be resolved", e);
        } catch (TimeoutException e) {
            throw new SocketTimeoutException(name + " could not be resolved in time");
        } catch (RejectedExecutionException e) {
            throw new IOException(name + " could not be resolved in time", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
