package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.files.FilePath;
import dev.ringfence.runner.files.FileReads;
import dev.ringfence.runner.files.Refused;
import dev.ringfence.runner.process.ProgramInput;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Runs a shell command, or a program with its arguments, in a fence. Nothing of it is looked at or forbidden: the fence
 * is the protection. A program that ends badly has been run all the same, so that is a result, with {@code success}
 * false.
 */
public final class ShellExec implements Capability {
    /** Of each stream; {@link OutputFiles} keep what is too much for the result. */
    static final long CAPTURE = FencedExecution.CAPTURE;

    /** As the schema has it. */
    private static final int LONGEST_SECONDS = 300;

    /** The kernel takes an argument of 128 KiB with its end; longer programs can be read from standard input. */
    private static final int LONGEST_COMMAND = 128 * 1024 - 1;

    /** Of all arguments together: what the kernel takes at least, less room for what the fence adds. */
    private static final int LONGEST_ARGUMENTS = 1 << 20;

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
                "argv": {
                  "type": "array",
                  "minItems": 1,
                  "maxItems": 1024,
                  "items": { "type": "string", "maxLength": 131072, "pattern": "^[^\\\\u0000]*$" },
                  "description": "a program and its arguments, without a shell; a program without / is looked up in PATH"
                },
                "timeout": {
                  "type": "integer",
                  "minimum": 1,
                  "maximum": 300,
                  "description": "seconds until the command and all it started are ended"
                },
                "env": {
                  "type": "object",
                  "maxProperties": 256,
                  "additionalProperties": { "type": "string" },
                  "description": "environment variables"
                },
                "secret_env": {
                  "type": "object",
                  "maxProperties": 16,
                  "additionalProperties": { "type": ["string", "null"] },
                  "description": "environment variables whose values are not kept, and are shown as *** in the output; null stands for one that was not kept"
                },
                "stdin": {
                  "type": "string",
                  "description": "what the command reads from its standard input"
                },
                "stdin_file": {
                  "type": "object",
                  "properties": {
                    "path": {
                      "type": "string",
                      "minLength": 1,
                      "maxLength": 4096,
                      "description": "the file, relative to the root"
                    },
                    "root": {
                      "type": "string",
                      "default": "workspace",
                      "description": "the directory that the path is below"
                    }
                  },
                  "required": ["path"],
                  "additionalProperties": false,
                  "description": "a file of any length that the command reads from its standard input"
                }
              },
              "anyOf": [{ "required": ["cmd"] }, { "required": ["argv"] }],
              "additionalProperties": false
            }
            """);

    private final FenceTools tools;

    /** Starts nothing yet. */
    public ShellExec(FenceTools tools) {
        this.tools = tools;
    }

    @Override
    public String name() {
        return "ShellExec";
    }

    @Override
    public String description() {
        return "Runs a shell command or a program in a fence, in the agent's workspace, and returns its exit code, output"
                + " and the files it leaves in $RINGFENCE_OUTPUT";
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
        var given = Environment.of(invocation.arguments());
        var step = step(invocation.arguments(), given);
        var script =
                FencedScript.of(() -> withFile(step, invocation), given.secret().values());
        return FencedExecution.start(tools, invocation, deadline(invocation), script, sink);
    }

    @Override
    public Outcome dryRun(Invocation invocation) {
        var step = step(
                invocation.arguments(), Environment.of(invocation.arguments()).masked());
        try {
            return Rehearsal.of(
                    tools, invocation, deadline(invocation), List.of(), List.of(withFile(step, invocation)));
        } catch (Refused e) {
            return ResultJson.failed(e);
        }
    }

    @Override
    public Optional<Duration> deadline(JsonNode arguments) {
        return Optional.of(arguments.path("timeout"))
                // As the schema, which takes 5.0 for a whole number.
                .filter(JsonNode::canConvertToExactIntegral)
                .filter(timeout -> timeout.canConvertToInt() && timeout.intValue() >= 1)
                .filter(timeout -> timeout.intValue() <= LONGEST_SECONDS)
                .map(timeout -> Duration.ofSeconds(timeout.intValue()));
    }

    private Duration deadline(Invocation invocation) {
        return deadline(invocation.arguments()).orElse(invocation.deadline());
    }

    @Override
    public JsonNode shown(JsonNode arguments) {
        return Environment.withoutSecrets(arguments);
    }

    private static FencedScript.Step step(JsonNode arguments, Environment given) {
        var environment = new HashMap<>(ENVIRONMENT);
        environment.putAll(given.plain());
        environment.putAll(given.secret());
        onlyOne(arguments, "cmd", "argv");
        onlyOne(arguments, "stdin", "stdin_file");
        var argv = new ArrayList<String>();
        if (arguments.has("cmd")) {
            length("/cmd", arguments.path("cmd").asText(), LONGEST_COMMAND);
            argv.addAll(List.of("/bin/sh", "-c", arguments.path("cmd").asText()));
        } else {
            // env(1) looks the program up, and takes no option behind the two dashes.
            argv.addAll(List.of("/usr/bin/env", "--"));
            program(arguments.path("argv"), argv);
        }
        return new FencedScript.Step(
                argv,
                environment,
                new ProgramInput.Bytes(arguments.path("stdin").asText("").getBytes(StandardCharsets.UTF_8)),
                List.of(),
                false);
    }

    private static void onlyOne(JsonNode arguments, String one, String other) {
        if (arguments.has(one) && arguments.has(other)) {
            throw new InvalidArguments(List.of("/%s and /%s are both given: give one".formatted(one, other)));
        }
    }

    /** The file is looked at before a program starts for it, and read as the program reads. */
    private FencedScript.Step withFile(FencedScript.Step step, Invocation invocation) {
        var file = invocation.arguments().path("stdin_file");
        if (file.isMissingNode()) {
            return step;
        }
        var places = tools.places()
                .orElseThrow(() -> new Refused("unknown-root", "there are no roots for /stdin_file here"));
        var root = places.root(Optional.ofNullable(file.get("root")).map(JsonNode::asText), invocation);
        var path = FilePath.parse(file.path("path").asText(), root);
        var _ = FileReads.size(root, path);
        return step.reading(new ProgramInput.Pieces(FileReads.pieces(root, path)));
    }

    private static void program(JsonNode words, List<String> argv) {
        int all = 0;
        for (int i = 0; i < words.size(); i++) {
            var word = words.get(i).asText();
            length("/argv/" + i, word, LONGEST_COMMAND);
            all += word.getBytes(StandardCharsets.UTF_8).length + 1;
            argv.add(word);
        }
        if (all > LONGEST_ARGUMENTS) {
            throw new InvalidArguments(
                    List.of("/argv has %d bytes in UTF-8, and may have at most %d: pass more as /stdin"
                            .formatted(all, LONGEST_ARGUMENTS)));
        }
        var program = words.get(0).asText();
        if (program.isEmpty() || program.contains("=")) {
            // env(1) would take it for a variable, and run the next word.
            throw new InvalidArguments(List.of("/argv/0 is \"" + program
                    + "\", and must name a program: not empty and without \"=\"; use /cmd for such a name"));
        }
    }

    private static void length(String place, String text, int most) {
        int length = text.getBytes(StandardCharsets.UTF_8).length;
        if (length > most) {
            throw new InvalidArguments(List.of("%s has %d bytes in UTF-8, and may have at most %d: pass more as /stdin"
                    .formatted(place, length, most)));
        }
    }
}
