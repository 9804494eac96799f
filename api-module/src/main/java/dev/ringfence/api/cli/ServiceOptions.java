package dev.ringfence.api.cli;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which service a command talks to, as whom, and in which form it prints. */
final class ServiceOptions {
    @Option(
            names = "--url",
            paramLabel = "URL",
            defaultValue = "${env:RINGFENCE_URL:-http://127.0.0.1:8080}",
            description = "Where the service is; RINGFENCE_URL as well. Without it: http://127.0.0.1:8080.")
    private URI url;

    @Option(
            names = "--key-file",
            paramLabel = "FILE",
            description = "A file with the API key; without it RINGFENCE_API_KEY has the key, if one is needed.")
    private @Nullable Path keyFile;

    @Option(names = "--json", description = "Print JSON, for machines.")
    private boolean json;

    /** Picocli sets the fields. */
    @SuppressWarnings("NullAway.Init")
    ServiceOptions() {}

    boolean json() {
        return json;
    }

    ServiceClient connect() {
        return connect(url, keyFile);
    }

    static ServiceClient connect(URI url, @Nullable Path keyFile) {
        if (!"http".equals(url.getScheme()) && !"https".equals(url.getScheme())) {
            throw new CommandFailure(
                    picocli.CommandLine.ExitCode.USAGE,
                    "--url is \"" + url + "\": it must begin with http:// or https://");
        }
        return new ServiceClient(url, key(keyFile));
    }

    private static Optional<String> key(@Nullable Path file) {
        if (file == null) {
            return Optional.ofNullable(System.getenv("RINGFENCE_API_KEY")).filter(key -> !key.isBlank());
        }
        try {
            return Optional.of(Files.readString(file).strip());
        } catch (IOException e) {
            throw new CommandFailure(ExitCodes.CONFIGURATION, "the key in " + file + " cannot be read: " + e);
        }
    }
}
