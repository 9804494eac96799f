package dev.ringfence.api.cli;

import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Runs Quarkus in this process and tells how it ended. */
final class ServiceProcess {
    private ServiceProcess() {}

    /**
     * Blocks until the service has ended.
     *
     * @param application what to run beside it; null to serve until a signal comes
     * @return the exit code
     */
    static int run(@Nullable Class<? extends QuarkusApplication> application, String... args) {
        var code = new AtomicInteger();
        Quarkus.run(application, (exit, failure) -> code.set(exit), args);
        return code.get();
    }
}
