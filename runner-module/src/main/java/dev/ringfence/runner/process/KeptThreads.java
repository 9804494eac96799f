package dev.ringfence.runner.process;

import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Platform threads for work that waits in the kernel, as many as there is such work at a time. */
public final class KeptThreads {
    private static final int SECONDS = 10;

    private KeptThreads() {}

    /**
     * Gives each piece of work a thread at once. One that has done its work is kept for a while, as a new one costs a tenth
     * of what a small program does; none keeps the service from ending.
     *
     * @param name of each, before its number
     */
    public static Executor named(String name, long stackBytes) {
        return new ThreadPoolExecutor(
                0,
                Integer.MAX_VALUE,
                SECONDS,
                TimeUnit.SECONDS,
                new SynchronousQueue<>(),
                Thread.ofPlatform()
                        .name(name, 0)
                        .daemon(true)
                        .stackSize(stackBytes)
                        .factory());
    }
}
