package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.fence.FencedCommand;
import dev.ringfence.runner.fence.FencedProcess;
import dev.ringfence.runner.process.OutputListener;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;

/**
 * Runs a shell command in a fence. Nothing of the command is looked at or forbidden: the fence is the protection. A
 * program that ends badly has been run all the same, so that is a result, with {@code success} false.
 */
public final class ShellExec implements Capability {
    /** Of each stream; what comes beyond is counted and dropped. */
    static final long CAPTURE = 10 << 20;

    /** What the fence itself keeps: enough of its last words when it breaks. */
    private static final long LAST_WORDS = 16 * 1024;

    /** The kernel takes an argument of 128 KiB with its end; longer programs can be read from standard input. */
    private static final int LONGEST_COMMAND = 128 * 1024 - 1;

    private static final Map<String, String> ENVIRONMENT =
            Map.of("PATH", "/usr/local/bin:/usr/bin:/bin", "HOME", "/tmp", "LANG", "C.UTF-8");
    private static final ObjectNode SCHEMA = JsonSchemas.parse("""
            {
              "$schema": "https://json-schema.org/draft/2020-12/schema",
              "type": "object",
              "properties": {
                "cmd": {
                  "type": "string",
                  "minLength": 1,
                  "maxLength": 131072,
                  "pattern": "^[^\\\\u0000]*$",
                  "description": "what /bin/sh runs"
                },
                "timeout": {
                  "type": "integer",
                  "minimum": 1,
                  "maximum": 300,
                  "description": "seconds until the command and all it started are ended"
                },
                "stdin": {
                  "type": "string",
                  "description": "what the command reads from its standard input"
                }
              },
              "required": ["cmd"],
              "additionalProperties": false
            }
            """);

    private final BiFunction<FencedCommand, OutputListener, FencedProcess> fence;

    /**
     * Starts nothing yet.
     *
     * @param fence starts a program in a fence
     */
    public ShellExec(BiFunction<FencedCommand, OutputListener, FencedProcess> fence) {
        this.fence = fence;
    }

    @Override
    public String name() {
        return "ShellExec";
    }

    @Override
    public String description() {
        return "Runs a shell command in a fence and returns its exit code and output";
    }

    @Override
    public ObjectNode schema() {
        return SCHEMA.deepCopy();
    }

    @Override
    public boolean repeatable() {
        return false;
    }

    @Override
    public Execution start(Invocation invocation, OutputSink sink) {
        var arguments = invocation.arguments();
        var command = arguments.path("cmd").asText();
        int length = command.getBytes(StandardCharsets.UTF_8).length;
        if (length > LONGEST_COMMAND) {
            throw new InvalidArguments(
                    List.of("/cmd has %d bytes in UTF-8, and may have at most %d: pass more as /stdin"
                            .formatted(length, LONGEST_COMMAND)));
        }
        var deadline = invocation.deadline();
        if (arguments.has("timeout")) {
            deadline = earlier(
                    deadline, Duration.ofSeconds(arguments.path("timeout").asLong()));
        }
        var fenced = new FencedCommand(
                FencedExecution.fenceName(invocation.jobId()),
                invocation.profile(),
                List.of("/bin/sh", "-c", command),
                ENVIRONMENT,
                arguments.path("stdin").asText("").getBytes(StandardCharsets.UTF_8),
                List.of(),
                0,
                deadline,
                LAST_WORDS);
        return FencedExecution.start(fence, fenced, new TextOutput(sink, invocation.outputs(), CAPTURE));
    }

    private static Duration earlier(Duration one, Duration other) {
        return one.compareTo(other) <= 0 ? one : other;
    }
}
