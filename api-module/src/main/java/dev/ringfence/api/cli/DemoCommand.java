package dev.ringfence.api.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Shows what the product does. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description = {
            "Show what Ringfence does, in under a minute.",
            "A fenced model answers, three attacks fail, and the journal tells all of it. The service stays up until"
                    + " Ctrl-C."
        },
        footer = {"", "Example: ringfence demo --once"})
final class DemoCommand implements Callable<Integer> {
    private static final String PORT = "quarkus.http.port";
    private static final int USUAL_PORT = 8080;

    @Option(names = "--once", description = "End when everything has been shown.")
    private boolean once;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "The demo's catalog; without it, src/demo/ringfence.toml of the project.")
    private @Nullable Path config;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description = "Where the journal is kept; without it, a new directory that is told.")
    private @Nullable Path data;

    @Override
    public Integer call() throws IOException {
        var catalog = config != null ? config : shipped();
        if (!Files.isReadable(catalog)) {
            throw new CommandFailure(
                    ExitCodes.CONFIGURATION,
                    "the demo's catalog " + catalog.toAbsolutePath() + " cannot be read; name it with --config");
        }
        var directory = data != null ? data : Files.createTempDirectory("ringfence-demo-");
        System.setProperty("ringfence.catalog", catalog.toString());
        System.setProperty("ringfence.data", directory.toString());
        System.setProperty("quarkus.http.host", "127.0.0.1");
        choosePort();
        // A desk that is busy with other things is no reason to show nothing.
        System.setProperty("ringfence.guard.enabled", "false");
        // What the demo prints is the show; warnings and errors still come through.
        System.setProperty("quarkus.log.level", "WARN");
        return ServiceProcess.run(DemoApplication.class, Boolean.toString(once));
    }

    private static Path shipped() {
        return LocalSettings.read()
                .path(null, "ringfence.home")
                .orElse(Path.of(""))
                .resolve("src/demo/ringfence.toml");
    }

    /** As the settings say; without any, the usual one, or else any that the service gets. Nobody comes when it ends at once. */
    private void choosePort() {
        if (LocalSettings.read().isSet(PORT)) {
            return;
        }
        if (once || isTaken()) {
            System.setProperty(PORT, "0");
        }
    }

    private static boolean isTaken() {
        try (var _ = new ServerSocket(USUAL_PORT, 1, InetAddress.getLoopbackAddress())) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }
}
