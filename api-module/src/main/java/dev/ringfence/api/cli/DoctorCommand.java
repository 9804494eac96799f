package dev.ringfence.api.cli;

import dev.ringfence.api.FenceConfig;
import dev.ringfence.api.RingfenceConfig;
import dev.ringfence.api.StartupFailure;
import dev.ringfence.catalog.Catalog;
import dev.ringfence.catalog.CatalogException;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.engine.EngineException;
import dev.ringfence.runner.engine.EngineSettings;
import dev.ringfence.runner.engine.LlamaServerPool;
import dev.ringfence.runner.fence.FenceException;
import dev.ringfence.runner.fence.FenceSettings;
import dev.ringfence.runner.fence.FencedCommand;
import dev.ringfence.runner.fence.FencedProcess;
import dev.ringfence.runner.fence.FencedResult;
import dev.ringfence.runner.fence.HostFences;
import dev.ringfence.runner.fence.SyscallListCheck;
import dev.ringfence.runner.fence.TierStatus;
import dev.ringfence.runner.process.OutputListener;
import dev.ringfence.runner.process.ProcessEnd;
import io.smallrye.mutiny.TimeoutException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Tries what this host can do, and says why not more. */
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        description = {
            "Try which fences this host can build, and say what enforces them or what is missing.",
            "One is built for each sandbox profile, with the settings that a service started here would have.",
            "In one more, the llama.cpp that models would run with says its version."
        },
        footer = {"", "Example: ringfence doctor --config ringfence.toml"})
final class DoctorCommand implements Callable<Integer> {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "A catalog whose profiles are tried as well; as ringfence.catalog says without it.")
    private @Nullable Path config;

    @Spec
    private CommandSpec spec;

    /** Picocli sets the fields. */
    @SuppressWarnings("NullAway.Init")
    DoctorCommand() {}

    @Override
    public Integer call() {
        var out = spec.commandLine().getOut();
        boolean allWell = true;
        var settings = LocalSettings.read();
        var catalog = catalog(settings);
        try (var fences = HostFences.on(fence(settings))) {
            fences.tiers().forEach(status -> explain(out, status));
            for (var profile : catalog.profiles()) {
                allWell &= examine(out, fences, profile);
            }
            allWell &= examineEngine(out, fences, settings, catalog);
        }
        out.flush();
        return allWell ? 0 : ExitCodes.UNAVAILABLE;
    }

    /** As the service has them, but for its name: what another one left running is none of ours. */
    private static FenceSettings fence(LocalSettings settings) {
        try {
            return FenceConfig.of(
                    "doctor" + ProcessHandle.current().pid(),
                    new Fences(
                            settings.path(null, "ringfence.fence.bubblewrap"),
                            settings.value("ringfence.fence.first-user", Integer.class)
                                    .orElseThrow(),
                            settings.value("ringfence.fence.tier").orElseThrow(),
                            settings.path(null, "ringfence.fence.scratch"),
                            settings.time("ringfence.fence.grace")));
        } catch (StartupFailure e) {
            throw new CommandFailure(ExitCodes.CONFIGURATION, String.valueOf(e.getMessage()));
        }
    }

    private record Fences(Optional<Path> bubblewrap, int firstUser, String tier, Optional<Path> scratch, Duration grace)
            implements RingfenceConfig.Fences {}

    private Catalog catalog(LocalSettings settings) {
        try {
            var file = settings.path(config, "ringfence.catalog");
            return file.isEmpty() ? Catalog.empty() : Catalog.load(file.get(), new SyscallListCheck());
        } catch (CatalogException e) {
            throw new CommandFailure(ExitCodes.CONFIGURATION, String.valueOf(e.getMessage()));
        }
    }

    private static void explain(PrintWriter out, TierStatus status) {
        out.printf(
                "tier %s: %s, %s%n",
                status.tier().externalName(), status.available() ? "works" : "does not work", status.reason());
        if (!status.remedy().isEmpty()) {
            out.printf("    remedy: %s%n", status.remedy());
        }
        status.facts().forEach(fact -> out.printf("    %s%n", fact));
    }

    /** A host without llama.cpp is well as long as no model needs it. */
    private static boolean examineEngine(PrintWriter out, HostFences fences, LocalSettings settings, Catalog catalog) {
        var found = EngineSettings.defaults()
                .withPrefix(settings.path(null, "ringfence.llama-prefix").orElse(null))
                .withExecutable(settings.path(null, "ringfence.llama-server").orElse(null));
        try (var engines = new LlamaServerPool(found, fences)) {
            var program = engines.llamaCpp().await().atMost(PATIENCE.multipliedBy(2));
            out.printf(
                    "llama.cpp: %s, %s: %s%n",
                    program.version().orElse("does not run"),
                    program.program(),
                    program.server()
                            ? "one server for each model"
                            : "a program for each request, since there is no llama-server");
            if (program.version().isEmpty()) {
                out.printf("    %s%n", program.trouble());
            }
            return program.version().isPresent();
        } catch (EngineException.EngineMissing e) {
            out.printf("llama.cpp: none; models of this host do not run%n    remedy: %s%n", e.getMessage());
            return catalog.models().stream().noneMatch(model -> model.file().isPresent());
        }
    }

    private static boolean examine(PrintWriter out, HostFences fences, SandboxProfile profile) {
        try {
            // With the profile's own time, since the report shows the one that holds.
            var limit = profile.processLimits().maxExecutionTime();
            var command = new FencedCommand(
                    "doctor", profile, List.of("/bin/true"), Map.of(), new byte[0], List.of(), 0, limit, 4096);
            var result = end(fences.start(command, OutputListener.NONE));
            if (!result.end().equals(new ProcessEnd.Exited(0))) {
                throw new FenceException.Broken("/bin/true ended with " + result.end() + ": "
                        + new String(result.stderr().bytes(), StandardCharsets.UTF_8).strip());
            }
            out.printf(
                    "%s: a fence of tier %s stands, and took %.1f ms for /bin/true%n",
                    profile.name(),
                    result.report().tier(),
                    result.usage().wall().toNanos() / 1e6);
            result.report()
                    .entries()
                    .forEach(entry -> out.printf("    %-44s %-24s %s%n", entry.field(), entry.value(), entry.means()));
            return true;
        } catch (FenceException e) {
            out.printf("%s: no fence can be built%n    %s%n", profile.name(), e.getMessage());
            return false;
        }
    }

    private static FencedResult end(FencedProcess process) {
        try {
            return process.result().await().atMost(PATIENCE);
        } catch (TimeoutException e) {
            process.stop();
            throw new FenceException.Broken("/bin/true did not end within " + PATIENCE.toSeconds() + " s");
        }
    }
}
