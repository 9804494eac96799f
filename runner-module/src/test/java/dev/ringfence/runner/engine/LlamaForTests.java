package dev.ringfence.runner.engine;

import dev.ringfence.catalog.DataSize;
import dev.ringfence.catalog.FenceTier;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.fence.FenceException;
import dev.ringfence.runner.fence.FenceSettings;
import dev.ringfence.runner.fence.HostFences;
import dev.ringfence.runner.fence.OneTier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** A real llama-server and the small model that ships with the project; a test without them says so and is skipped. */
public final class LlamaForTests {
    private static final String MODEL = "ringfence-tiny-q8_0.gguf";

    private LlamaForTests() {}

    /** A fence that can enforce {@link #profile()}; close it. */
    public static HostFences fence() {
        return fence(Optional.empty());
    }

    /** The same of one tier. */
    public static HostFences fence(Optional<FenceTier> tier) {
        var name = "engines" + ProcessHandle.current().pid();
        var fence = HostFences.on(tier.map(only -> OneTier.of(only, name)).orElse(FenceSettings.of(name)));
        try {
            fence.report(profile());
            return fence;
        } catch (FenceException.Refused e) {
            fence.close();
            skip("needs a fence: " + e.getMessage());
            throw e;
        }
    }

    public static EngineSettings settings() {
        var prefix = Optional.ofNullable(System.getenv("RINGFENCE_LLAMA_PREFIX"))
                .map(Path::of)
                .or(() -> Optional.of(projectRoot().resolve(".ringfence/llama")))
                .filter(Files::isDirectory);
        var settings = EngineSettings.defaults().withPrefix(prefix.orElse(null));
        try {
            LlamaInstallation.find(settings, System.getenv("PATH"));
        } catch (EngineException.EngineMissing e) {
            skip("needs llama-server: set RINGFENCE_LLAMA_PREFIX, or let the launcher install it. " + e.getMessage());
        }
        return settings;
    }

    /** Answers exactly at temperature 0; holds 512 tokens. */
    public static Path modelFile() {
        var configured = System.getenv("RINGFENCE_TEST_MODEL");
        if (configured != null) {
            return Path.of(configured);
        }
        var demo = projectRoot().resolve("src/demo");
        if (Files.isDirectory(demo)) {
            try (Stream<Path> files = Files.walk(demo)) {
                var found = files.filter(file -> file.endsWith(MODEL)).findFirst();
                if (found.isPresent()) {
                    return found.get();
                }
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }
        skip("needs " + MODEL + " below src/demo, or RINGFENCE_TEST_MODEL naming it");
        throw new IllegalStateException("skipped");
    }

    public static LocalModel model() {
        return model("ringfence-tiny", modelFile(), profile());
    }

    /** A model that may take what the profile gives, and has no settings of its own. */
    public static LocalModel model(String id, Path file, SandboxProfile profile) {
        return new LocalModel(id, file, null, profile, profile.resources().maxMemory(), null, null, null);
    }

    /** What an engine needs: no network, no children, memory for a small model. */
    public static SandboxProfile profile() {
        return profile(offline());
    }

    /** The same with less time. */
    public static SandboxProfile profile(Duration maxExecutionTime) {
        return profile(offline(), maxExecutionTime, 512);
    }

    /** The same with less memory. */
    public static SandboxProfile profile(long megabytes) {
        return profile(offline(), Duration.ofMinutes(5), megabytes);
    }

    private static SandboxProfile.Network offline() {
        return new SandboxProfile.Network(SandboxProfile.NetworkAccess.NONE, List.of(), 0);
    }

    static SandboxProfile profile(SandboxProfile.Network network) {
        return profile(network, Duration.ofMinutes(5), 512);
    }

    private static SandboxProfile profile(SandboxProfile.Network network, Duration maxExecutionTime, long megabytes) {
        return new SandboxProfile(
                "engine",
                new SandboxProfile.Resources(
                        DataSize.ofMegabytes(megabytes),
                        1.0,
                        DataSize.ofMegabytes(100),
                        new SandboxProfile.GpuAccess.None(),
                        0),
                new SandboxProfile.Filesystem(List.of(), List.of(), List.of(), true, DataSize.ofMegabytes(10)),
                new SandboxProfile.ProcessLimits(0, maxExecutionTime, Set.of(), 0),
                network,
                new SandboxProfile.Security(true, true, false, false));
    }

    private static Path projectRoot() {
        var directory = Path.of("").toAbsolutePath();
        while (directory.getParent() != null && !Files.exists(directory.resolve("mvnw"))) {
            directory = directory.getParent();
        }
        return directory;
    }

    /** Printed as well, since a build's log does not show why an assumption failed. */
    private static void skip(String reason) {
        System.out.println("SKIPPED: " + reason);
        Assumptions.abort(reason);
    }
}
