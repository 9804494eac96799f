package dev.ringfence.api.cli;

import dev.ringfence.api.StartupFailure;
import dev.ringfence.wal.log.LogException;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import io.smallrye.config.ConfigValidationException;
import java.net.BindException;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.microprofile.config.ConfigProvider;
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
        UnknownVariables.of(System.getenv()).forEach(told -> System.err.println("ringfence: " + told));
        var code = new AtomicInteger();
        Quarkus.run(
                application,
                (exit, failure) -> {
                    code.set(exit);
                    if (failure != null) {
                        code.set(explain(failure, application == RunApplication.class));
                    }
                },
                args);
        return code.get();
    }

    /** Says why it could not start: with an exit handler of ours, Quarkus says nothing. */
    private static int explain(Throwable failure, boolean alone) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof StartupFailure) {
                System.err.println("ringfence: " + cause.getMessage());
                if (cause.getCause() instanceof LogException.Locked && alone) {
                    System.err.println("ringfence: when that is a service, let it run the job: add --url"
                            + " http://127.0.0.1:8080, or where else it listens");
                    return ExitCodes.UNAVAILABLE;
                }
                return ExitCodes.CONFIGURATION;
            }
            if (cause instanceof ConfigValidationException wrong) {
                for (int i = 0; i < wrong.getProblemCount(); i++) {
                    System.err.println("ringfence: " + wrong.getProblem(i).getMessage());
                }
                return ExitCodes.CONFIGURATION;
            }
            if (cause instanceof BindException) {
                var config = ConfigProvider.getConfig();
                System.err.printf(
                        "ringfence: %s port %s cannot be listened on: %s; end who listens there, or choose another"
                                + " with --host and --port%n",
                        config.getValue("quarkus.http.host", String.class),
                        config.getValue("quarkus.http.port", String.class),
                        cause.getMessage());
                return ExitCodes.CONFIGURATION;
            }
        }
        // Nothing that we foresaw: everything that helps to find it.
        failure.printStackTrace();
        return ExitCodes.INTERNAL;
    }
}
