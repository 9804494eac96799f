package dev.ringfence.api.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashSet;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The commands of the program that ask a running service a question or two. */
abstract class ServiceCommands {
    private static final String JOBS = "/api/v1/jobs";

    @Spec
    private CommandSpec spec;

    /** Picocli sets the fields. */
    @SuppressWarnings("NullAway.Init")
    ServiceCommands() {}

    CommandSpec spec() {
        return spec;
    }

    @Command(
            name = "list",
            mixinStandardHelpOptions = true,
            description = "Print what can be invoked.",
            footer = {"", "Example: ringfence list --url http://127.0.0.1:8080"})
    int list(@Mixin ServiceOptions options) {
        try (var client = options.connect()) {
            var answer = client.get("/api/v1/capabilities");
            if (options.json()) {
                return print(answer);
            }
            var table = new Table("CAPABILITY", "REPEATABLE", "DESCRIPTION");
            answer.path("capabilities")
                    .forEach(capability -> table.row(
                            text(capability, "name"),
                            capability.path("repeatable").booleanValue() ? "yes" : "no",
                            text(capability, "description")));
            return print(table);
        }
    }

    @Command(
            name = "jobs",
            mixinStandardHelpOptions = true,
            description = "Print jobs, the newest first.",
            footer = {"", "Example: ringfence jobs --state failed --since 2026-03-01T00:00:00Z --limit 20"})
    int jobs(
            @Mixin ServiceOptions options,
            @Option(names = "--state", paramLabel = "STATE", description = "Only those in this state.") @Nullable String state,
            @Option(names = "--capability", paramLabel = "NAME", description = "Only those of this capability.")
                    @Nullable String capability,
            @Option(names = "--agent", paramLabel = "NAME", description = "Only this agent's; for administrators.")
                    @Nullable String agent,
            @Option(names = "--session", paramLabel = "NAME", description = "Only those of this session.") @Nullable String session,
            @Option(names = "--since", paramLabel = "TIME", description = "Submitted then or later.") @Nullable String since,
            @Option(names = "--limit", paramLabel = "N", defaultValue = "50", description = "How many; 50 without it.")
                    int limit) {
        var query = new StringBuilder(JOBS + "?limit=" + limit);
        parameter(query, "state", state);
        parameter(query, "capability", capability);
        parameter(query, "agent", agent);
        parameter(query, "session", session);
        parameter(query, "since", since);
        try (var client = options.connect()) {
            var answer = client.get(query.toString());
            return options.json() ? print(answer) : print(table(answer));
        }
    }

    @Command(
            name = "status",
            mixinStandardHelpOptions = true,
            description = "Say how the service is, or how a job stands.",
            footer = {
                "",
                "Ends with 75 when the service is not ready. With a job, ends with 0 when it has completed or is under"
                        + " way, and with 1 when it ended otherwise.",
                "Examples:",
                "  ringfence status",
                "  ringfence status 6f1c…"
            })
    int status(
            @Mixin ServiceOptions options,
            @Parameters(arity = "0..1", paramLabel = "JOB", description = "The job's id.") @Nullable String id) {
        try (var client = options.connect()) {
            if (id != null) {
                var job = client.get(job(id));
                if (!options.json()) {
                    out().println(JobText.summary(job));
                } else {
                    print(job);
                }
                return job.has("error") ? ExitCodes.FAILED : 0;
            }
            var health = client.health();
            boolean up = text(health, "status").equals("UP");
            int code = up ? 0 : ExitCodes.TRY_LATER;
            if (options.json()) {
                print(health);
                return code;
            }
            out().println("the service is " + (up ? "up" : "not ready"));
            health.path("checks")
                    .forEach(check -> out().println("  "
                            + Table.plain(text(check, "name") + ": " + text(check, "status")
                                    + (check.has("data") ? " " + check.path("data") : ""))));
            return code;
        }
    }

    @Command(
            name = "cancel",
            mixinStandardHelpOptions = true,
            description = "End a job; returns when none of its processes is left.",
            footer = {"", "Example: ringfence cancel 6f1c…"})
    int cancel(
            @Mixin ServiceOptions options, @Parameters(paramLabel = "JOB", description = "The job's id.") String id) {
        try (var client = options.connect()) {
            var job = client.delete(job(id));
            return options.json() ? print(job) : print(JobText.summary(job));
        }
    }

    @Command(
            name = "retry",
            mixinStandardHelpOptions = true,
            description = "Submit the request of an ended job once more, as a new job.",
            footer = {"", "Example: ringfence retry 6f1c…"})
    int retry(@Mixin ServiceOptions options, @Parameters(paramLabel = "JOB", description = "The job's id.") String id) {
        try (var client = options.connect()) {
            var job = client.post(job(id) + "/retry", "");
            return options.json() ? print(job) : print(JobText.summary(job));
        }
    }

    @Command(
            name = "undo",
            mixinStandardHelpOptions = true,
            description = "Take back what a job wrote, if nobody changed it since.",
            footer = {"", "Example: ringfence undo 6f1c…"})
    int undo(
            @Mixin ServiceOptions options,
            @Option(names = "--agent", paramLabel = "NAME", description = "Whose job it is; for administrators.")
                    @Nullable String agent,
            @Parameters(paramLabel = "JOB", description = "The job that wrote.") String id) {
        var request = JsonNodeFactory.instance.objectNode().put("capability", "Undo");
        request.putObject("arguments").put("job_id", id);
        if (agent != null) {
            request.put("agent", agent);
        }
        try (var client = options.connect()) {
            var job = client.run(request);
            if (options.json()) {
                print(job);
            } else {
                out().println(
                                job.path("result").has("message")
                                        ? Table.plain(text(job.path("result"), "message") + " "
                                                + text(job.path("result"), "path"))
                                        : JobText.summary(job));
            }
            return JobText.exitCode(job);
        }
    }

    @Command(
            name = "telemetry",
            mixinStandardHelpOptions = true,
            description = "Print the host's readings: processors, memory, disk, load, pressure.",
            footer = {"", "Example: ringfence telemetry --json"})
    int telemetry(@Mixin ServiceOptions options) {
        try (var client = options.connect()) {
            var answer = client.get("/api/v1/telemetry");
            if (options.json()) {
                return print(answer);
            }
            var table = new Table("READING", "VALUE");
            flatten(table, "", answer);
            return print(table);
        }
    }

    @Command(
            name = "processes",
            mixinStandardHelpOptions = true,
            description = "Print the processes of running jobs.",
            footer = {"", "Example: ringfence processes"})
    int processes(@Mixin ServiceOptions options) {
        try (var client = options.connect()) {
            var answer = client.get("/api/v1/processes");
            if (options.json()) {
                return print(answer);
            }
            return print(processes(answer.path("processes")));
        }
    }

    /** All that any of them has: a job's process and an engine's have fields of their own. */
    static Table processes(JsonNode rows) {
        var names = new LinkedHashSet<String>();
        rows.forEach(row -> row.fieldNames().forEachRemaining(names::add));
        var table = new Table(
                names.isEmpty()
                        ? new String[] {"PROCESSES"}
                        : names.stream()
                                .map(name -> name.toUpperCase(Locale.ROOT))
                                .toArray(String[]::new));
        rows.forEach(row ->
                table.row(names.stream().map(name -> value(row.path(name))).toArray(String[]::new)));
        return table;
    }

    static String job(String id) {
        return JOBS + "/" + ServiceClient.part(id);
    }

    static Table table(JsonNode jobs) {
        var table = new Table("ID", "STATE", "CAPABILITY", "AGENT", "SESSION", "SUBMITTED", "TOOK");
        jobs.path("jobs")
                .forEach(job -> table.row(
                        text(job, "id"),
                        text(job, "state"),
                        text(job, "capability"),
                        text(job, "agent"),
                        text(job, "session"),
                        Instant.parse(text(job, "submitted_at"))
                                .truncatedTo(ChronoUnit.SECONDS)
                                .toString(),
                        JobText.took(job)));
        return table;
    }

    static void parameter(StringBuilder query, String name, @Nullable String value) {
        if (value != null) {
            query.append(query.indexOf("?") < 0 ? '?' : '&')
                    .append(name)
                    .append('=')
                    .append(ServiceClient.part(value));
        }
    }

    private static void flatten(Table table, String name, JsonNode value) {
        if (value.isObject() && !value.isEmpty()) {
            value.properties()
                    .forEach(field -> flatten(
                            table, name.isEmpty() ? field.getKey() : name + "." + field.getKey(), field.getValue()));
        } else {
            table.row(name, value(value));
        }
    }

    private static String value(JsonNode value) {
        return value.isValueNode() ? value.asText() : value.toString();
    }

    static String text(JsonNode json, String field) {
        return json.path(field).asText();
    }

    private int print(JsonNode json) {
        out().println(json);
        return 0;
    }

    private int print(Table table) {
        table.print(out());
        return 0;
    }

    private int print(String line) {
        out().println(line);
        return 0;
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }
}
