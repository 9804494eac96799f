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
    private static final String KEY = "RINGFENCE_API_KEY";
    private static final int LAST_PORT = 65_535;
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
        if (url.getHost() == null || url.getPort() > LAST_PORT) {
            throw new CommandFailure(
                    picocli.CommandLine.ExitCode.USAGE,
                    "--url is \"" + url
                            + "\": it must name a host (of letters, digits, hyphens and dots, or an address)"
                            + " and no port above " + LAST_PORT);
        }
        return new ServiceClient(url, key(keyFile));
    }

    private static Optional<String> key(@Nullable Path file) {
        if (file == null) {
            return Optional.ofNullable(System.getenv(KEY))
                    .filter(key -> !key.isBlank())
                    .map(key -> checked(key, KEY));
        }
        try {
            if (Files.getPosixFilePermissions(file).contains(PosixFilePermission.OTHERS_READ)) {
                System.err.println("ringfence: warning: every user of this host can read the key in " + file
                        + "; `chmod 600 " + file + "` ends that");
            }
            return Optional.of(checked(Files.readString(file).strip(), file.toString()));
        } catch (IOException e) {
            throw new CommandFailure(ExitCodes.CONFIGURATION, "the key in " + file + " cannot be read: " + e);
        }
    }

    /** What cannot stand in a header is refused here: the message of whoever refuses it there would print the key. */
    private static String checked(String key, String place) {
        if (!key.matches("[!-~]+")) {
            throw new CommandFailure(
                    ExitCodes.CONFIGURATION,
                    place + " does not hold a key and nothing else: a key is one line of printable ASCII characters"
                            + " without spaces, as `ringfence keys create` prints it");
        }
        return key;
    }
}
