package dev.ringfence.api.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.access.ApiKey;
import dev.ringfence.api.access.KeyStore;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The keys that agents prove themselves with; all of it also while the service runs, which sees it at once. */
@Command(
        name = "keys",
        mixinStandardHelpOptions = true,
        description = "Make, list and revoke API keys. A running service takes notice at once.",
        footer = {
            "",
            "Once a key exists, every caller needs one. Example:",
            "  (umask 077; ringfence keys create --agent builder --expires 90d > builder.key)",
            "  curl -H \"Authorization: Bearer $(cat builder.key)\" http://127.0.0.1:8080/api/v1/jobs"
        })
final class KeysCommand {
    private static final Pattern PERIOD = Pattern.compile("(\\d{1,6})([smhd])");
    private static final int LONGEST_NAME = 200;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            scope = ScopeType.INHERIT,
            description = "The service's data directory, which has keys.json; as the settings say without it.")
    private @Nullable Path data;

    @Option(
            names = "--keys",
            paramLabel = "FILE",
            scope = ScopeType.INHERIT,
            description =
                    "The file of keys, when it is not in the data directory; as ringfence.access.keys says without it.")
    private @Nullable Path file;

    /** Picocli sets the fields. */
    @SuppressWarnings("NullAway.Init")
    KeysCommand() {}

    @Command(
            name = "create",
            mixinStandardHelpOptions = true,
            description = "Make a key and print it. It is shown this once: only its hash is kept.",
            footer = {
                "",
                "Examples:",
                "  (umask 077; ringfence keys create --agent builder --expires 90d > builder.key)",
                "  (umask 077; ringfence keys create --agent operator --admin > operator.key)"
            })
    int create(
            @Option(names = "--agent", required = true, paramLabel = "NAME", description = "Whose key it is.")
                    String agent,
            @Option(names = "--admin", description = "It may see and do everything.") boolean admin,
            @Option(
                            names = "--expires",
                            paramLabel = "PERIOD",
                            description = "From when on it is refused: 30m, 12h, 90d. Never without it.")
                    @Nullable String expires,
            @Option(names = "--note", paramLabel = "TEXT", defaultValue = "", description = "Your own words.")
                    String note,
            @Option(names = "--json", description = "For machines.") boolean json) {
        if (agent.isBlank() || agent.length() > LONGEST_NAME || agent.chars().anyMatch(Character::isISOControl)) {
            throw new CommandFailure(
                    CommandLine.ExitCode.USAGE,
                    "--agent must have 1 to " + LONGEST_NAME + " characters, and no control characters");
        }
        var until = Optional.ofNullable(expires)
                .map(KeysCommand::period)
                .map(period -> Instant.now().plus(period).truncatedTo(ChronoUnit.SECONDS));
        var store = store();
        var made = with(store, keys -> keys.create(agent, admin, until, note));
        var out = spec.commandLine().getOut();
        out.println(json ? json(made.key()).put("secret", made.secret()) : made.secret());
        if (out.checkError()) {
            throw new CommandFailure(
                    ExitCodes.FAILED,
                    "the key could not be printed, so nobody has it: " + takenBack(store, made.key()));
        }
        if (!json) {
            spec.commandLine()
                    .getErr()
                    .println("key " + made.key().id() + " of " + agent + (admin ? ", an administrator" : "")
                            + until.map(at -> ", until " + at).orElse("")
                            + ", in " + store.file() + ": keep it now, it cannot be shown again");
        }
        return 0;
    }

    @Command(
            name = "list",
            mixinStandardHelpOptions = true,
            description = "Print all keys, without their secrets.",
            footer = {"", "Example: ringfence keys list --data /var/lib/ringfence"})
    int list(@Option(names = "--json", description = "One JSON object a line.") boolean json) {
        var store = store();
        var keys = with(store, KeyStore::list);
        var out = spec.commandLine().getOut();
        spec.commandLine().getErr().println("keys in " + store.file() + ":");
        if (json) {
            keys.forEach(key -> out.println(json(key)));
            return 0;
        }
        var table = new Table("ID", "AGENT", "ADMIN", "CREATED", "STATE");
        for (var key : keys) {
            table.row(
                    key.id(),
                    key.agent(),
                    key.admin() ? "yes" : "no",
                    key.createdAt().toString(),
                    state(key));
        }
        table.print(out);
        return 0;
    }

    @Command(
            name = "revoke",
            mixinStandardHelpOptions = true,
            description = "End a key; it is refused from now on.",
            footer = {"", "Example: ringfence keys revoke 2f8c…"})
    int revoke(@Parameters(paramLabel = "ID", description = "As `keys list` prints it.") String id) {
        var store = store();
        var before = with(store, keys -> keys.revoke(id));
        if (before.isEmpty()) {
            throw new CommandFailure(ExitCodes.FAILED, "there is no key " + id + " in " + store.file());
        }
        spec.commandLine()
                .getOut()
                .println((before.get().revokedAt().isPresent() ? "it was revoked already" : "revoked") + ", in "
                        + store.file());
        return 0;
    }

    /** Says what came of it, as the disk of the keys may be the one that is full. */
    private static String takenBack(KeyStore store, ApiKey key) {
        try {
            with(store, keys -> keys.revoke(key.id()));
            return key.id() + " is revoked again, in " + store.file();
        } catch (CommandFailure e) {
            return "`ringfence keys revoke " + key.id() + "` ends it, which was tried: " + e.getMessage();
        }
    }

    private static <T> T with(KeyStore store, Function<KeyStore, T> use) {
        try {
            return use.apply(store);
        } catch (UncheckedIOException e) {
            throw new CommandFailure(
                    ExitCodes.FAILED, "the keys in " + store.file() + " cannot be used: " + e.getMessage());
        }
    }

    /** The one that a service started here would use. */
    private KeyStore store() {
        var settings = LocalSettings.read();
        return new KeyStore(settings.path(file, "ringfence.access.keys")
                .orElseGet(() -> settings.data(data).resolve("keys.json"))
                .toAbsolutePath());
    }

    private static Duration period(String text) {
        var period = PERIOD.matcher(text);
        if (!period.matches()) {
            throw new CommandFailure(
                    CommandLine.ExitCode.USAGE,
                    "--expires is \"" + text + "\": it must be a number and s, m, h or d, as in 90d");
        }
        long number = Long.parseLong(period.group(1));
        return switch (period.group(2)) {
            case "s" -> Duration.ofSeconds(number);
            case "m" -> Duration.ofMinutes(number);
            case "h" -> Duration.ofHours(number);
            default -> Duration.ofDays(number);
        };
    }

    private static String state(ApiKey key) {
        return key.revokedAt()
                .map(at -> "revoked " + at)
                .or(() -> key.expiresAt().map(at -> key.holds(Instant.now()) ? "holds until " + at : "expired " + at))
                .orElse("holds");
    }

    private static ObjectNode json(ApiKey key) {
        var json = JsonNodeFactory.instance
                .objectNode()
                .put("id", key.id())
                .put("agent", key.agent())
                .put("admin", key.admin())
                .put("created_at", key.createdAt().toString());
        key.expiresAt().ifPresent(at -> json.put("expires_at", at.toString()));
        key.revokedAt().ifPresent(at -> json.put("revoked_at", at.toString()));
        return json.put("note", key.note()).put("holds", key.holds(Instant.now()));
    }
}
