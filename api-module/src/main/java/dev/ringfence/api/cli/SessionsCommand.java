package dev.ringfence.api.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Sessions of a running service. */
@Command(
        name = "sessions",
        mixinStandardHelpOptions = true,
        description = "Make, look at, close and delete sessions: named groups of an agent's jobs.",
        footer = {
            "",
            "Examples:",
            "  ringfence sessions create release-42",
            "  ringfence run ShellExec --args '{\"argv\": [\"date\"]}' --session release-42 --url http://127.0.0.1:8080",
            "  ringfence sessions jobs release-42",
            "  ringfence sessions delete release-42"
        })
final class SessionsCommand implements Runnable {
    private static final String SESSIONS = "/api/v1/sessions";

    @Spec
    private CommandSpec spec;

    /** Picocli sets the fields. */
    @SuppressWarnings("NullAway.Init")
    SessionsCommand() {}

    /** Whose sessions. */
    static final class Whose {
        @Option(names = "--agent", paramLabel = "NAME", description = "Whose it is; for administrators.")
        private @Nullable String agent;

        private String path(@Nullable String id, String rest) {
            var path = new StringBuilder(SESSIONS + (id == null ? "" : "/" + ServiceClient.part(id)) + rest);
            ServiceCommands.parameter(path, "agent", agent);
            return path.toString();
        }
    }

    @Override
    public void run() {
        throw new CommandLine.ParameterException(
                spec.commandLine(), "say which: list, create, show, jobs, close or delete");
    }

    @Command(
            name = "list",
            mixinStandardHelpOptions = true,
            description = "Print sessions, the newest first.",
            footer = {"", "Example: ringfence sessions list --state open"})
    int list(
            @Mixin ServiceOptions options,
            @Mixin Whose whose,
            @Option(names = "--state", paramLabel = "STATE", description = "open or closed; both without it.") @Nullable String state) {
        try (var client = options.connect()) {
            var path = new StringBuilder(whose.path(null, "?limit=1000"));
            ServiceCommands.parameter(path, "state", state);
            var answer = client.get(path.toString());
            if (options.json()) {
                return json(answer);
            }
            var table = new Table("SESSION", "STATE", "AGENT", "CREATED");
            answer.path("sessions")
                    .forEach(session -> table.row(
                            session.path("id").asText(),
                            session.path("state").asText(),
                            session.path("agent").asText(),
                            session.path("created_at").asText()));
            table.print(out());
            return 0;
        }
    }

    @Command(
            name = "create",
            mixinStandardHelpOptions = true,
            description = "Make a session and print its name.",
            footer = {"", "Example: ringfence sessions create release-42"})
    int create(
            @Mixin ServiceOptions options,
            @Mixin Whose whose,
            @Parameters(arity = "0..1", paramLabel = "SESSION", description = "Its name; made up without it.") @Nullable String id) {
        var body = JsonNodeFactory.instance.objectNode();
        if (id != null) {
            body.put("id", id);
        }
        if (whose.agent != null) {
            body.put("agent", whose.agent);
        }
        try (var client = options.connect()) {
            var session = client.post(SESSIONS, body.toString());
            return options.json() ? json(session) : line(session.path("id").asText());
        }
    }

    @Command(
            name = "show",
            mixinStandardHelpOptions = true,
            description = "Print a session.",
            footer = {"", "Example: ringfence sessions show release-42"})
    int show(@Mixin ServiceOptions options, @Mixin Whose whose, @Parameters(paramLabel = "SESSION") String id) {
        try (var client = options.connect()) {
            var session = client.get(whose.path(id, ""));
            return options.json() ? json(session) : line(said(session));
        }
    }

    @Command(
            name = "jobs",
            mixinStandardHelpOptions = true,
            description = "Print a session's jobs, the newest first.",
            footer = {"", "Example: ringfence sessions jobs release-42"})
    int jobs(@Mixin ServiceOptions options, @Mixin Whose whose, @Parameters(paramLabel = "SESSION") String id) {
        try (var client = options.connect()) {
            var answer = client.get(whose.path(id, "/jobs?limit=1000"));
            if (options.json()) {
                return json(answer);
            }
            ServiceCommands.table(answer).print(out());
            return 0;
        }
    }

    @Command(
            name = "close",
            mixinStandardHelpOptions = true,
            description = "Let no more jobs into a session.",
            footer = {"", "Example: ringfence sessions close release-42"})
    int close(@Mixin ServiceOptions options, @Mixin Whose whose, @Parameters(paramLabel = "SESSION") String id) {
        try (var client = options.connect()) {
            var session = client.post(whose.path(id, "/close"), "");
            return options.json() ? json(session) : line(said(session));
        }
    }

    @Command(
            name = "delete",
            mixinStandardHelpOptions = true,
            description = "End a session's jobs, delete its files, and forget it. The journal keeps what happened.",
            footer = {"", "Example: ringfence sessions delete release-42"})
    int delete(@Mixin ServiceOptions options, @Mixin Whose whose, @Parameters(paramLabel = "SESSION") String id) {
        try (var client = options.connect()) {
            var answer = client.delete(whose.path(id, ""));
            return options.json()
                    ? json(answer)
                    : line("deleted; " + answer.path("cancelled_jobs").size() + " jobs were cancelled");
        }
    }

    private static String said(JsonNode session) {
        return Table.plain("session " + session.path("id").asText() + " of "
                + session.path("agent").asText() + " is "
                + session.path("state").asText() + ", made "
                + session.path("created_at").asText());
    }

    private int json(JsonNode json) {
        out().println(json);
        return 0;
    }

    private int line(String text) {
        out().println(text);
        return 0;
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }
}
