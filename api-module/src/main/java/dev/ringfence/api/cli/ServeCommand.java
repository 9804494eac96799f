package dev.ringfence.api.cli;

import dev.ringfence.api.Settings;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Runs the service until it is told to stop. */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        description = "Run the service until SIGTERM or Ctrl-C; then finish what is running, and end.",
        footer = {
            "",
            "Examples:",
            "  ringfence serve --config ringfence.toml --data /var/lib/ringfence",
            "  RINGFENCE_JOBS_CONCURRENCY=4 ringfence serve --port 8081     # `config show` lists the settings"
        })
final class ServeCommand implements Callable<Integer> {
    @Mixin
    private Places places = new Places();

    @Option(
            names = "--host",
            paramLabel = "ADDRESS",
            description =
                    "The address to listen on; 127.0.0.1 without it. Any other needs API keys or an identity provider first.")
    private @Nullable String host;

    @Option(names = "--port", paramLabel = "PORT", description = "The port to listen on; 8080 without it.")
    private @Nullable Integer port;

    @Override
    public Integer call() {
        places.apply();
        set("quarkus.http.host", host);
        set("quarkus.http.port", port);
        return ServiceProcess.run(null);
    }

    static void set(String key, @Nullable Object value) {
        Settings.give(key, value);
    }
}
