package dev.ringfence.api.cli;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which service a command talks to, as whom, and in which form it prints. */
final class ServiceOptions {
    private static final String VARIABLE = "RINGFENCE_URL";
    private static final String USUAL = "http://127.0.0.1:8080";

    @Option(
            names = "--url",
            paramLabel = "URL",
            defaultValue = "${env:" + VARIABLE + ":-" + USUAL + "}",
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

    /** Where a service is that nothing more is said of. */
    static String usual() {
        return System.getenv().getOrDefault(VARIABLE, USUAL);
    }

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
            if (Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_READ)) {
                System.err.println("ringfence: warning: every user of this host can read the key in " + file
                        + "; `chmod 600 " + file + "` ends that");
            }
            return Optional.of(Files.readString(file).strip());
        } catch (IOException e) {
            throw new CommandFailure(ExitCodes.CONFIGURATION, "the key in " + file + " cannot be read: " + e);
        }
    }
}
