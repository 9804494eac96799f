package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.capability.Manifest.Parameter;
import dev.ringfence.runner.fence.FencedResult;
import dev.ringfence.runner.files.FilePath;
import dev.ringfence.runner.files.FileRoot;
import dev.ringfence.runner.files.Refused;
import dev.ringfence.runner.process.ProgramInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** A capability that an operator described in a file: a program with typed arguments, which no shell ever sees. */
public final class ManifestCapability implements Capability {
    private static final Map<String, String> ENVIRONMENT =
            Map.of("PATH", "/usr/local/bin:/usr/bin:/bin", "HOME", "/tmp", "LANG", "C.UTF-8");
    /** Of an output that is parsed: the result holds it twice, up to the first 32 KiB. */
    private static final int MOST_JSON = 1 << 20;

    private final Manifest manifest;
    private final FenceTools tools;

    private ManifestCapability(Manifest manifest, FenceTools tools) {
        this.manifest = manifest;
        this.tools = tools;
    }

    /**
     * Reads one manifest.
     *
     * @param tools must have places
     * @throws ManifestException when something is wrong with it
     */
    public static Capability read(Path file, FenceTools tools) {
        return new ManifestCapability(ManifestReader.read(file), tools);
    }

    /**
     * Reads all manifests of a directory, in the order of their names.
     *
     * @throws ManifestException when something is wrong with any of them; it tells all
     */
    public static List<Capability> readAll(Path directory, FenceTools tools) {
        var capabilities = new ArrayList<Capability>();
        var errors = new ArrayList<String>();
        try (Stream<Path> files = Files.list(directory)) {
            for (var file : files.filter(each -> each.toString().endsWith(".toml"))
                    .sorted()
                    .toList()) {
                try {
                    capabilities.add(read(file, tools));
                } catch (ManifestException e) {
                    errors.addAll(e.errors());
                }
            }
        } catch (IOException e) {
            errors.add("ringfence.capabilities.directory is " + directory + ", which cannot be listed: " + e);
        }
        if (!errors.isEmpty()) {
            throw new ManifestException(errors);
        }
        return capabilities;
    }

    @Override
    public String name() {
        return manifest.name();
    }

    @Override
    public String description() {
        return manifest.description();
    }

    @Override
    public ObjectNode schema() {
        return manifest.schema();
    }

    @Override
    public boolean repeatable() {
        return manifest.repeatable();
    }

    @Override
    public Optional<String> profile() {
        return manifest.profile();
    }

    @Override
    public Optional<Duration> deadline() {
        return manifest.deadline();
    }

    @Override
    public Execution start(Invocation invocation, OutputSink sink) {
        return Work.after(
                invocation,
                () -> script(invocation),
                script -> FencedExecution.start(tools, invocation, invocation.deadline(), script, sink));
    }

    @Override
    public Outcome dryRun(Invocation invocation) {
        Script script;
        try {
            script = script(invocation);
        } catch (Refused e) {
            return ResultJson.failed(e);
        }
        return Rehearsal.of(tools, invocation, invocation.deadline(), script.roots(), List.of(script.step()));
    }

    private Script script(Invocation invocation) {
        var values = new HashMap<String, String>();
        var roots = new ArrayList<FileRoot>();
        var violations = new ArrayList<String>();
        manifest.parameters().forEach((name, parameter) -> {
            var value = invocation.arguments().get(name);
            if (value == null) {
                return;
            }
            switch (parameter) {
                case Parameter.Text text -> values.put(name, text(name, text, value.asText(), violations));
                case Parameter.Whole _ ->
                    values.put(name, value.bigIntegerValue().toString());
                case Parameter.Flag flag -> {
                    if (value.asBoolean()) {
                        values.put(name, flag.word());
                    }
                }
                case Parameter.Choice _ -> values.put(name, value.asText());
                case Parameter.Beneath beneath -> values.put(name, path(beneath, value.asText(), invocation, roots));
            }
        });
        if (!violations.isEmpty()) {
            throw new InvalidArguments(violations);
        }
        var step = new FencedScript.Step(manifest.arguments(values), ENVIRONMENT, ProgramInput.NONE, List.of(), false);
        return new Script(step, List.copyOf(roots), manifest.json());
    }

    private static String text(String name, Parameter.Text parameter, String value, List<String> violations) {
        if (value.indexOf('\0') >= 0) {
            violations.add("/" + name + " holds a NUL character");
        } else if (parameter.pattern().isPresent()
                && !parameter.pattern().get().matcher(value).matches()) {
            violations.add("/" + name + " must match " + parameter.pattern().get());
        }
        return value;
    }

    /** As the program sees it. Where links lead there, the fence decides. */
    private String path(Parameter.Beneath parameter, String value, Invocation invocation, List<FileRoot> roots) {
        var root = tools.places().orElseThrow().root(Optional.of(parameter.root()), invocation);
        if (parameter.write() && !root.writable()) {
            throw new Refused("read-only", "the root \"" + root.name() + "\" can only be read");
        }
        var given = parameter.write() ? root : new FileRoot(root.name(), root.path(), root.inside(), false);
        if (roots.stream()
                .noneMatch(each -> each.name().equals(root.name()) && (each.writable() || !given.writable()))) {
            roots.removeIf(each -> each.name().equals(root.name()));
            roots.add(given);
        }
        return root.inside().resolve(FilePath.parse(value, root).toString()).toString();
    }

    /** The one program of a job. */
    private record Script(FencedScript.Step step, List<FileRoot> roots, boolean json) implements FencedScript {
        @Override
        public Optional<Step> next(List<FencedResult> done) {
            return done.isEmpty() ? Optional.of(step) : Optional.empty();
        }

        @Override
        public int wanted() {
            return json ? MOST_JSON : 0;
        }

        @Override
        public void finish(ObjectNode data, byte[] stdout) {
            if (json && data.path("success").asBoolean()) {
                parse(data, stdout);
            }
        }

        private static void parse(ObjectNode data, byte[] stdout) {
            long bytes = data.path("stdout_bytes").asLong();
            if (bytes > stdout.length) {
                data.put("success", false)
                        .put(
                                "message",
                                "the program's output has " + bytes + " bytes, and as JSON at most " + MOST_JSON
                                        + " are parsed; its text is kept as that of other programs");
                return;
            }
            try {
                data.set("data", StrictJson.parse(Utf8Pieces.decode(stdout, false)));
            } catch (StrictJson.Refused e) {
                data.put("success", false)
                        .put("message", "the program's output is no JSON document: " + e.getMessage());
            }
        }
    }
}
