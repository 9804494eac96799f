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
    /** How the host says that somebody listens there (EADDRINUSE). */
    private static final String IN_USE = "Address already in use";

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
                        code.set(explain(failure, application));
                    }
                },
                args);
        return code.get();
    }

    /** Says why it could not start: with an exit handler of ours, Quarkus says nothing. */
    private static int explain(Throwable failure, @Nullable Class<? extends QuarkusApplication> application) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof StartupFailure) {
                System.err.println("ringfence: " + cause.getMessage());
                if (!(cause.getCause() instanceof LogException.Locked)) {
                    return ExitCodes.CONFIGURATION;
                }
                if (application == RunApplication.class) {
                    System.err.println("ringfence: when that is a service, let it run the job: add --url "
                            + ServiceOptions.usual() + ", or where else it listens");
                }
                return ExitCodes.TRY_LATER;
            }
            if (cause instanceof ConfigValidationException wrong) {
                for (int i = 0; i < wrong.getProblemCount(); i++) {
                    System.err.println("ringfence: "
                            + WrongSetting.explain(
                                    String.valueOf(wrong.getProblem(i).getMessage())));
                }
                return ExitCodes.CONFIGURATION;
            }
            if (cause instanceof BindException) {
                var config = ConfigProvider.getConfig();
                boolean inUse = String.valueOf(cause.getMessage()).contains(IN_USE);
                System.err.printf(
                        "ringfence: %s port %s cannot be listened on: %s; %s%n",
                        config.getValue("quarkus.http.host", String.class),
                        config.getValue("quarkus.http.port", String.class),
                        cause.getMessage(),
                        application == DemoApplication.class
                                ? "end who listens there, or choose another with QUARKUS_HTTP_PORT; without it the demo takes a free one"
                                : (inUse ? "end who listens there, or " : "")
                                        + "choose another with --host and --port");
                return inUse ? ExitCodes.TRY_LATER : ExitCodes.CONFIGURATION;
            }
        }
        // Nothing that we foresaw: everything that helps to find it.
        failure.printStackTrace();
        return ExitCodes.INTERNAL;
    }
}
