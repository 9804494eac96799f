package dev.ringfence.api.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.RingfenceProducer;
import dev.ringfence.api.rest.BadRequest;
import dev.ringfence.api.rest.JsonBody;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs one job, here or on a service. */
@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        description = {
            "Run one job to its end and print what it puts out.",
            "Without --url it runs here, without a server: the same admission, fence and journal as in the service, on"
                    + " the same data directory, which no service may be using. Jobs that wait there are left for the next"
                    + " start of the service."
        },
        footer = {
            "",
            "Ends with 0 when the job completed and its program, if it ran one, ended with 0; with 1 otherwise.",
            "Ctrl-C ends the job and all its processes.",
            "",
            "Examples:",
            "  ringfence run ShellExec --args '{\"argv\": [\"uname\", \"-a\"]}'",
            "  ringfence run ShellExec --args '{\"cmd\": \"make test\"}' --profile standard --deadline 300 --json",
            "  ringfence run ShellExec --args '{\"argv\": [\"date\"]}' --url http://127.0.0.1:8080",
            "A shell's `cmd` takes a profile that allows child processes; the default one may not."
        })
final class RunCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "CAPABILITY", description = "What to invoke, as `ringfence list` prints it.")
    private String capability;

    @Option(
            names = "--args",
            paramLabel = "JSON",
            defaultValue = "{}",
            description = "The arguments, a JSON object; {} without it.")
    private String arguments;

    @Option(names = "--profile", paramLabel = "NAME", description = "The sandbox profile.")
    private @Nullable String profile;

    @Option(names = "--deadline", paramLabel = "SECONDS", description = "From the start of the work to its end.")
    private @Nullable Double deadline;

    @Option(names = "--agent", paramLabel = "NAME", description = "In whose name; \"anonymous\" without it.")
    private @Nullable String agent;

    @Option(names = "--session", paramLabel = "NAME", description = "The session that the job belongs to.")
    private @Nullable String session;

    @Option(names = "--json", description = "Print the job as JSON when it has ended, and nothing else.")
    private boolean json;

    @Mixin
    private Places places = new Places();

    @Option(
            names = "--url",
            paramLabel = "URL",
            description = "Run it on this service instead, which has its own catalog and data.")
    private @Nullable URI url;

    @Option(
            names = "--key-file",
            paramLabel = "FILE",
            description = "A file with the API key for --url; RINGFENCE_API_KEY has the key without it.")
    private @Nullable Path keyFile;

    /** Picocli sets the fields. */
    @SuppressWarnings("NullAway.Init")
    RunCommand() {}

    @Override
    public Integer call() {
        var job = job();
        if (url != null) {
            refuse("--config", "the service at --url has a catalog of its own");
            refuse("--data", "the service at --url has a data directory of its own");
            return remote(url, job);
        }
        refuse("--key-file", "it is for a service at --url");
        places.apply();
        // Nobody reaches this process but the person in front of it, whose Ctrl-C is meant.
        System.setProperty("quarkus.http.host-enabled", "false");
        System.setProperty("ringfence.drain-timeout", "1ms");
        System.setProperty(RingfenceProducer.OWN_JOBS, "true");
        System.setProperty("quarkus.log.level", "WARN");
        System.setProperty("quarkus.log.console.stderr", "true");
        return ServiceProcess.run(RunApplication.class, job.toString(), Boolean.toString(json));
    }

    /** An option that would be of no effect. */
    private void refuse(String option, String why) {
        if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
            throw new CommandLine.ParameterException(spec.commandLine(), "leave " + option + " out: " + why);
        }
    }

    private int remote(URI service, ObjectNode job) {
        var text = JobText.ofProcess();
        try (var client = ServiceOptions.connect(service, keyFile)) {
            client.stream(job, (event, data) -> {
                if (json) {
                    text.heard(data.has("job") ? event : "", data);
                } else {
                    text.heard(event, data);
                }
            });
        }
        if (json) {
            System.out.println(text.job());
        } else {
            text.end(text.job());
        }
        return JobText.exitCode(text.job());
    }

    /** As a submission over HTTP has it. */
    private ObjectNode job() {
        var job = JsonNodeFactory.instance.objectNode().put("capability", capability);
        job.set("arguments", parsed());
        put(job, "profile", profile);
        put(job, "agent", agent);
        put(job, "session", session);
        if (deadline != null) {
            if (!Double.isFinite(deadline)) {
                throw new CommandFailure(
                        CommandLine.ExitCode.USAGE, "--deadline is " + deadline + ": it must be a number of seconds");
            }
            job.put("deadline_seconds", deadline);
        }
        return job;
    }

    private static void put(ObjectNode job, String field, @Nullable String value) {
        if (value != null) {
            job.put(field, value);
        }
    }

    /** As strictly as the service reads a body. */
    private ObjectNode parsed() {
        try {
            return JsonBody.parse(arguments.getBytes(StandardCharsets.UTF_8), "it");
        } catch (BadRequest e) {
            throw new CommandFailure(CommandLine.ExitCode.USAGE, "--args: " + e.getMessage());
        }
    }
}
