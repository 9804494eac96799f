package dev.ringfence.runner.engine;

import dev.ringfence.catalog.GgufHeader;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.fence.FencedCommand;
import dev.ringfence.runner.fence.LimitHit;
import dev.ringfence.runner.fence.Workplace;
import dev.ringfence.runner.process.ProgramInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How an engine is started for a model: a command line, and a profile that fits a program which stays.
 *
 * @param socket its name among the program's temporary files
 */
record EngineCommand(FencedCommand command, String socket) {
    private static final Duration FOR_EVER = Duration.ofDays(3650);
    static final int ENGINE_THREADS = 64;

    /** Of all slots together; as many as llama.cpp computes at a time anyway. In between it hears of clients that went. */
    static final int STEP_TOKENS = 512;

    /** Of a model's file, for which the step timeout is meant: a small processor goes through it in a tenth of a second. */
    private static final long STEP_BYTES = 512L * 1024 * 1024;

    private static final SandboxProfile.Network NO_NETWORK =
            new SandboxProfile.Network(SandboxProfile.NetworkAccess.NONE, List.of(), 0);
    private static final long CAPTURE = 16 * 1024;
    static final Map<String, String> ENVIRONMENT =
            Map.of("GGML_NO_BACKTRACE", "1", "HOME", "/tmp", "LANG", "C.UTF-8", "PATH", "/usr/bin");

    /**
     * Looks at the model's file first: blocks, for as long as a checksum takes when there is one to compare.
     *
     * @param path the value of the PATH, where an engine may be found
     */
    static EngineCommand of(LocalModel model, EnginePurpose purpose, EngineSettings settings, @Nullable String path) {
        var file = HostPaths.modelFile(model);
        var header = ModelFileCheck.check(model, file);
        if (purpose == EnginePurpose.EMBEDDINGS && header.pooling() == GgufHeader.Pooling.RANK) {
            throw new EngineException.InvalidRequest(
                    "model",
                    "model %s puts texts into an order and makes no vectors of them, as its file says (pooling type rank); name a model for embeddings"
                            .formatted(model.id()));
        }
        var installation = LlamaInstallation.find(settings, path);
        if (!installation.server()) {
            throw new EngineException.EngineMissing("There is no llama-server on this host any more.");
        }
        var id = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
        // Relative to where it starts, which is the one place to write to that every tier has.
        var socket = "llama-" + id + ".sock";
        var readOnly = new ArrayList<>(installation.readOnly());
        readOnly.add(file);
        var command = new FencedCommand(
                "engine-" + nameOf(model) + "-" + id,
                profile(model),
                commandLine(installation, file, socket, model, purpose, settings, header),
                ENVIRONMENT,
                ProgramInput.NONE,
                readOnly,
                ENGINE_THREADS,
                true,
                FOR_EVER,
                CAPTURE,
                Workplace.NONE);
        return new EngineCommand(command, socket);
    }

    /**
     * A program that loads the model for one request. Looks at the model's file first, as {@link #of}.
     *
     * @param installation of such a program
     * @param files what is asked is put there
     */
    static FencedCommand oneShot(
            LocalModel model,
            EngineSettings settings,
            LlamaInstallation installation,
            OneShotRequest asked,
            OneShotFiles files) {
        var file = HostPaths.modelFile(model);
        var header = ModelFileCheck.check(model, file);
        var id = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
        var line = new ArrayList<>(installation.program());
        line.addAll(List.of("--model", file.toString()));
        line.addAll(List.of("--file", files.add(asked.prompt()).toString()));
        if (asked.system() != null) {
            line.addAll(
                    List.of("--system-prompt-file", files.add(asked.system()).toString()));
        }
        line.addAll(asked.chat() ? List.of("--conversation", "--single-turn") : List.of("--no-conversation"));
        line.addAll(List.of("--threads", String.valueOf(settings.threadsFor(model))));
        line.addAll(List.of("--ctx-size", String.valueOf(context(model, settings, header))));
        line.addAll(List.of("--predict", String.valueOf(asked.mostTokens())));
        line.addAll(List.of("--no-display-prompt", "--simple-io", "--no-escape", "--no-warmup", "--offline"));
        line.addAll(asked.options());
        var readOnly = new ArrayList<>(installation.readOnly());
        readOnly.add(file);
        readOnly.addAll(files.all());
        return new FencedCommand(
                "engine-" + nameOf(model) + "-" + id,
                profile(model),
                line,
                ENVIRONMENT,
                new byte[0],
                readOnly,
                ENGINE_THREADS,
                FOR_EVER,
                CAPTURE);
    }

    /**
     * A warm engine outlives its requests, so the profile's time limit is kept for each of them instead; and it always
     * has temporary files, for its socket. It is reached by that alone, so it never has a network. The kernel counts the pages of a mapped model as memory of whoever reads them
     * first, so the limit is at least what the model needs. All that it reads from a disk is that file, so reading is not
     * slowed down: loading gigabytes at a profile's 10 MB/s would never end.
     */
    static SandboxProfile profile(LocalModel model) {
        var asked = model.profile();
        var limits = asked.processLimits();
        var files = asked.filesystem();
        var resources = asked.resources();
        var memory = resources.maxMemory().compareTo(model.memory()) < 0 ? model.memory() : resources.maxMemory();
        return new SandboxProfile(
                asked.name(),
                new SandboxProfile.Resources(memory, resources.maxCores(), resources.maxDisk(), resources.gpu(), 0),
                new SandboxProfile.Filesystem(
                        files.readPaths(), files.writePaths(), files.deniedPaths(), true, files.maxFileSize()),
                new SandboxProfile.ProcessLimits(
                        limits.maxChildProcesses(), FOR_EVER, limits.allowedSyscalls(), limits.priority()),
                NO_NETWORK,
                asked.security(),
                asked.tier());
    }

    /** The limits that its engine ran into, and whose the one of the memory is; empty when there are none. */
    static String told(List<LimitHit> hit, LocalModel model) {
        if (hit.isEmpty()) {
            return "";
        }
        var told = ", limits hit: " + hit.stream().map(LimitHit::toString).collect(Collectors.joining("; "));
        if (hit.stream().noneMatch(LimitHit::isMemory)) {
            return told;
        }
        var asked = model.profile();
        return told
                + (asked.resources().maxMemory().compareTo(model.memory()) < 0
                                ? "; the limit is what the model needs, as min_memory_mb or its file says, since profile %s gives"
                                        + " less: raise min_memory_mb, or give it more in the profile"
                                : "; the limit is that of profile %s: raise it there, or raise the model's min_memory_mb")
                        .formatted(asked.name());
    }

    /**
     * The prompt cache in memory is off: it takes up to 8 GiB that nobody asked for. Each slot occupies a thread of its
     * HTTP server while it streams, and two more must be left for health and slots.
     */
    private static List<String> commandLine(
            LlamaInstallation installation,
            Path file,
            String socket,
            LocalModel model,
            EnginePurpose purpose,
            EngineSettings settings,
            GgufHeader header) {
        int slots = settings.slotsFor(model);
        long context = context(model, settings, header);
        var line = new ArrayList<>(installation.program());
        line.addAll(List.of("--model", file.toString(), "--host", socket));
        line.addAll(List.of("--threads", String.valueOf(settings.threadsFor(model))));
        line.addAll(List.of("--parallel", String.valueOf(slots)));
        line.addAll(List.of("--ctx-size", String.valueOf(slots * context)));
        line.addAll(List.of("--threads-http", String.valueOf(slots + 2)));
        line.addAll(List.of("--cache-ram", "0", "--no-warmup", "--no-ui", "--offline", "--slots", "-lv", "2"));
        switch (purpose) {
            case TEXT -> {
                line.addAll(List.of("--batch-size", String.valueOf(STEP_TOKENS)));
                // Else a chat that ends with an assistant's message would be continued. Older than --cache-ram.
                line.add("--no-prefill-assistant");
            }
            case EMBEDDINGS -> {
                // An input is read in one piece, so the batch has to hold as much as the context.
                line.addAll(List.of("--embeddings", "--ubatch-size", String.valueOf(context)));
                if (header.pooling() == GgufHeader.Pooling.NONE) {
                    // Else there would be a vector for each token, in hundreds of times the memory.
                    line.addAll(List.of("--pooling", "mean"));
                }
            }
        }
        return line;
    }

    /** More than the model was trained for would only take memory. */
    static long context(LocalModel model, EngineSettings settings, GgufHeader header) {
        long asked = settings.contextFor(model);
        return header.contextLength() > 0 ? Math.min(asked, header.contextLength()) : asked;
    }

    /**
     * How many times the step timeout an engine may compute before it looks up: it goes through the whole model for each
     * token, up to {@link #STEP_TOKENS} of them at a time, or all of a text that becomes a vector.
     */
    static long longestStep(LocalModel model, EnginePurpose purpose, EngineSettings settings) {
        long steps = switch (purpose) {
            case TEXT -> 1;
            case EMBEDDINGS -> Math.ceilDiv(settings.contextFor(model), STEP_TOKENS);
        };
        try {
            return steps * Math.max(1, Math.ceilDiv(Files.size(model.file()), STEP_BYTES));
        } catch (IOException e) {
            // It was there a moment ago; the engine will say what is wrong with it.
            return steps;
        }
    }

    private static String nameOf(LocalModel model) {
        var name = model.id().replaceAll("[^A-Za-z0-9.-]", "-");
        return name.length() <= 48 ? name : name.substring(0, 48);
    }
}
