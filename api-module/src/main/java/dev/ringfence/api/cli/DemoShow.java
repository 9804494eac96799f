package dev.ringfence.api.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.journal.Journal;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Optional;

/** The acts of the demo. Each says what it is about to do, does it for real, and says what came of it. */
final class DemoShow {
    private static final String QUESTION = "What is a fence?";
    private static final String MARK = "4242.0";

    private final PrintStream out;
    private final URI base;
    private final Path data;
    private final Ink ink;

    /** Not a constant: those of a native executable are made where it is built, in that place's time zone. */
    private final DateTimeFormatter clock =
            DateTimeFormatter.ofPattern("HH:mm:ss.SSS").withZone(ZoneId.systemDefault());

    private boolean well = true;

    DemoShow(PrintStream out, URI base, Path data) {
        this.out = out;
        this.base = base;
        this.data = data;
        this.ink = Ink.forTerminal();
    }

    /** Whether everything came as promised. */
    boolean play() throws IOException, InterruptedException {
        out.println(ink.bold("Ringfence") + " is up at " + base + ", its journal in " + data);
        try (var client = new ServiceClient(base, Optional.empty())) {
            answer(client);
            shadow(client);
            loopback(client);
            deadline(client);
        }
        journal();
        return well;
    }

    void invite() {
        out.println();
        out.println(ink.bold("The service stays up.") + " Ctrl-C ends it. Try:");
        out.println("  curl -N -H 'Accept: text/event-stream' -H 'Content-Type: application/json' \\");
        out.println("    -d '{\"capability\":\"GenerateText\",\"arguments\":{\"model\":\"ringfence-tiny\","
                + "\"prompt\":\"Write a short story about a fox\"}}' \\");
        out.println("    " + base + "/api/v1/jobs");
        for (var path :
                new String[] {"/api/v1/jobs", "/api/v1/models", "/api/v1/fence", "/q/openapi", "/q/health", "/q/metrics"
                }) {
            out.println("  " + base + path);
        }
    }

    private void answer(ServiceClient client) throws IOException, InterruptedException {
        act("1", "A model answers, in a fence of its own, token by token");
        out.println("  > " + QUESTION);
        out.print("  ");
        var job = job("GenerateText");
        job.putObject("arguments")
                .put("model", "ringfence-tiny")
                .put("prompt", QUESTION)
                .put("temperature", 0);
        client.stream(job, (name, event) -> {
            if (name.equals("output")) {
                out.print(ink.bold(event.path("text").asText()));
                out.flush();
            } else if (event.path("job").path("state").asText().equals("completed")) {
                var result = event.path("job").path("result");
                out.println();
                out.printf(
                        "  %s tokens in, %s out, first one after %.0f ms, %.0f tokens/s%n",
                        result.path("input_tokens").asText(),
                        result.path("output_tokens").asText(),
                        result.path("time_to_first_token_ms").asDouble(),
                        result.path("tokens_per_second").asDouble());
                verdict(result.path("output_tokens").asInt() > 0, "answered");
            } else if (event.path("job").has("error")) {
                out.println();
                verdict(false, event.path("job").path("error").path("message").asText());
            }
        });
    }

    private void shadow(ServiceClient client) throws IOException, InterruptedException {
        act("2", "A shell job tries to read the host's passwords");
        var result = shell(client, "cat /etc/shadow", 10).path("result");
        verdict(
                result.path("exit_code").asInt(-1) > 0
                        && result.path("stdout").asText().isEmpty(),
                "refused: /etc/shadow is not in the fence");
    }

    private void loopback(ServiceClient client) throws IOException, InterruptedException {
        act("3", "A shell job tries to connect to a server on the host's loopback");
        try (var server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            server.setSoTimeout(1);
            String script = "exec bash -c 'exec 3<>/dev/tcp/127.0.0.1/" + server.getLocalPort() + "'";
            var result = shell(client, script, 10).path("result");
            verdict(
                    result.path("exit_code").asInt(-1) > 0 && !reached(server),
                    "refused: the server on port " + server.getLocalPort() + " has seen nobody");
        }
    }

    private static boolean reached(ServerSocket server) throws IOException {
        try (var _ = server.accept()) {
            return true;
        } catch (java.net.SocketTimeoutException e) {
            return false;
        }
    }

    private void deadline(ServiceClient client) throws IOException, InterruptedException {
        act("4", "A shell job tries to outlive its deadline of 2 s, with double-forked children that ignore SIGTERM");
        String script = "trap '' TERM\n"
                + "(setsid sh -c \"trap '' TERM; sleep " + MARK + "1\" &)\n"
                + "(setsid sh -c \"trap '' TERM; sleep " + MARK + "2\" &)\n"
                + "echo 'two children are in sessions of their own'; sleep " + MARK + "3";
        var job = shell(client, script, 2);
        var result = job.path("result");
        long left = survivors();
        out.printf(
                "  %s after %.2f s; processor time %.0f ms, peak memory %.1f MB (%s)%n",
                job.path("state").asText(),
                result.path("usage").path("wall_ms").asDouble() / 1000,
                result.path("usage").path("cpu_user_ms").asDouble()
                        + result.path("usage").path("cpu_system_ms").asDouble(),
                result.path("usage").path("peak_memory_bytes").asDouble() / (1 << 20),
                result.path("usage").path("memory_source").asText());
        verdict(job.path("state").asText().equals("timed_out") && left == 0, "ended: " + left + " processes are left");
        act(
                "",
                "What held it: the fence report of that job, tier "
                        + result.path("fence").path("tier").asText());
        for (var entry : result.path("fence").path("entries")) {
            out.printf(
                    "  %-42s %s%n",
                    entry.path("field").asText(),
                    ink.dim(entry.path("value").asText() + " · "
                            + entry.path("means").asText()));
        }
    }

    /** Processes of the last act, anywhere on the host. */
    private static long survivors() throws IOException {
        try (var entries = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            long count = 0;
            for (var entry : entries) {
                try {
                    if (Files.readString(entry.resolve("cmdline")).startsWith("sleep\0" + MARK)) {
                        count++;
                    }
                } catch (IOException e) {
                    // It has ended meanwhile.
                }
            }
            return count;
        }
    }

    private void journal() {
        act("5", "The journal has all of it, each event durable before its effect or its acknowledgement");
        Journal.read(data.resolve("journal"), 1, entry -> {
            if (!(entry.event() instanceof JobEvent event)) {
                return;
            }
            String more = switch (event) {
                case JobEvent.Submitted e ->
                    e.capability() + " " + shortened(e.arguments().toString());
                case JobEvent.Started _, JobEvent.Completed _ -> "";
                case JobEvent.Failed e -> e.reason();
                case JobEvent.TimedOut e -> "limit " + e.limit().toMillis() + " ms";
                case JobEvent.Cancelled e -> e.reason();
                case JobEvent.Interrupted e -> e.reason();
                case JobEvent.Retried e -> e.reason();
                case JobEvent.RolledBack e -> "by " + e.by();
                case JobEvent.Note _ -> "";
            };
            out.printf(
                    "  %3d  %s  %s  %-10s %s%n",
                    entry.sequence(),
                    clock.format(event.at()),
                    event.jobId().substring(0, 8),
                    event.type(),
                    ink.dim(more));
        });
    }

    private JsonNode shell(ServiceClient client, String script, int deadlineSeconds)
            throws IOException, InterruptedException {
        script.lines().forEach(line -> out.println("  $ " + line));
        var job = job("ShellExec").put("profile", "demo-shell").put("deadline_seconds", deadlineSeconds);
        job.putObject("arguments").put("cmd", script);
        var ended = client.run(job);
        for (var stream : new String[] {"stdout", "stderr"}) {
            ended.path("result").path(stream).asText().lines().forEach(line -> out.println("  " + ink.dim(line)));
        }
        return ended;
    }

    private static ObjectNode job(String capability) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("capability", capability)
                .put("agent", "demo");
    }

    private void act(String number, String title) {
        out.println();
        out.println(ink.bold(number.isEmpty() ? title : number + ". " + title));
    }

    private void verdict(boolean good, String words) {
        well &= good;
        out.println("  " + (good ? ink.good("✔ " + words) : ink.bad("✘ not as promised: " + words)));
    }

    private static String shortened(String text) {
        return text.length() <= 80 ? text : text.substring(0, 79) + "…";
    }
}
