package dev.ringfence.api.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Prints what a job put out. */
@Command(
        name = "logs",
        mixinStandardHelpOptions = true,
        description = "Print what a job has put out.",
        footer = {
            "",
            "What the job writes to its standard output comes on standard output, the rest on standard error.",
            "Examples:",
            "  ringfence logs 6f1c…",
            "  ringfence logs --follow 6f1c…",
            "  ringfence logs --json 6f1c…      # each event as one line of JSON"
        })
final class LogsCommand implements Callable<Integer> {
    private static final String WAIT = "wait=20";

    @Mixin
    private ServiceOptions options;

    @Option(
            names = {"-f", "--follow"},
            description = "Go on as more comes, until the job has ended.")
    private boolean follow;

    @Parameters(paramLabel = "JOB", description = "The job's id.")
    private String id;

    /** Picocli sets the fields. */
    @SuppressWarnings("NullAway.Init")
    LogsCommand() {}

    @Override
    public Integer call() {
        var text = JobText.ofProcess();
        try (var client = options.connect()) {
            var path = ServiceCommands.job(id) + "/events?limit=1000&after=";
            var after = "0";
            JsonNode page;
            do {
                // Asked for page by page: whatever happens to a connection, nothing is missed and nothing told twice.
                page = client.get(path + after, "Accept", "application/json", "Prefer", follow ? WAIT : "wait=0");
                page.path("events").forEach(event -> tell(text, event));
                after = page.path("next").asText();
                // A reader that has gone wants no more.
            } while (!page.path("ended").booleanValue()
                    && (follow || !page.path("events").isEmpty())
                    && !System.out.checkError());
            if (page.path("ended").booleanValue() && !options.json()) {
                text.end(client.get(ServiceCommands.job(id)));
            }
        }
        return 0;
    }

    private void tell(JobText text, JsonNode event) {
        if (options.json()) {
            System.out.println(event);
        } else {
            text.heard(event.path("event").asText(), event);
        }
    }
}
