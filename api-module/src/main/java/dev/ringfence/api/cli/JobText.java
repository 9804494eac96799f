package dev.ringfence.api.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;

/** Tells of one job as a person wants to read it: its output as it comes, and how it ended. */
final class JobText {
    private final PrintStream out;
    private final PrintStream err;
    private final boolean together;
    private boolean heardOutput;
    private boolean heardAnything;
    private boolean lineIsOpen;
    private JsonNode last = MissingNode.getInstance();

    /** @param together whether both end in one place, such as a terminal */
    JobText(PrintStream out, PrintStream err, boolean together) {
        this.out = out;
        this.err = err;
        this.together = together;
    }

    /** On this process's own streams. */
    static JobText ofProcess() {
        return new JobText(System.out, System.err, StandardOutput.isSharedWithErrors());
    }

    /** Hears an event of the job, as the service names it. */
    void heard(String event, JsonNode data) {
        if (event.equals("output")) {
            boolean error = data.path("channel").asText().equals("stderr")
                    || data.path("channel").asText().equals("fence");
            print(error, data.path("text").asText());
            heardOutput |= !error;
            heardAnything = true;
        } else if (event.equals("dropped")) {
            err.println("… output before this is no longer kept");
        } else if (data.has("job")) {
            last = data.path("job");
        }
    }

    /** The job as it was heard of last. */
    JsonNode job() {
        return last;
    }

    /** Prints what the job gave, if none of it was heard, and how it ended. */
    void end(JsonNode job) {
        var result = job.path("result");
        if (result.path("stdout").isTextual()) {
            if (!heardAnything) {
                print(false, result.path("stdout").asText());
                print(true, result.path("stderr").asText());
            }
        } else if (!heardOutput && result.path("text").isTextual()) {
            print(false, result.path("text").asText() + System.lineSeparator());
        } else if (!heardOutput && !job.has("error") && result instanceof ObjectNode object) {
            // The host's load before and after is in --json; here it would hide what the job gave.
            print(false, object.deepCopy().without("telemetry").toPrettyString() + System.lineSeparator());
        }
        if (lineIsOpen) {
            err.println();
        }
        err.println(summary(job));
    }

    private void print(boolean error, String text) {
        var stream = error ? err : out;
        stream.print(text);
        stream.flush();
        if (!text.isEmpty() && (error || together)) {
            lineIsOpen = !text.endsWith("\n");
        }
    }

    static String summary(JsonNode job) {
        var text = new StringBuilder(
                "job " + job.path("id").asText() + " " + job.path("state").asText());
        if (job.has("started_at") && job.has("ended_at")) {
            text.append(" after ").append(took(job));
        }
        if (job.path("result").has("exit_code")) {
            text.append(", exit code ")
                    .append(job.path("result").path("exit_code").asText());
        }
        if (job.has("error")) {
            text.append(": ").append(job.path("error").path("type").asText()).append(": ");
            text.append(Table.plain(job.path("error").path("message").asText()));
        }
        return text.toString();
    }

    static String took(JsonNode job) {
        if (!job.has("started_at") || !job.has("ended_at")) {
            return "";
        }
        var took = Duration.between(
                Instant.parse(job.path("started_at").asText()),
                Instant.parse(job.path("ended_at").asText()));
        return took.toMillis() + " ms";
    }

    /** What a command that ran this job ends with. */
    static int exitCode(JsonNode job) {
        return job.path("state").asText().equals("completed")
                        && job.path("result").path("exit_code").asInt(0) == 0
                ? 0
                : ExitCodes.FAILED;
    }
}
