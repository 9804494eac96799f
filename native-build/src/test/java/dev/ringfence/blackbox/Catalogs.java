package dev.ringfence.blackbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Catalog files for tests. */
final class Catalogs {
    /** The model that ships with the project. */
    static final Path MODEL = Packaged.project().resolve("src/demo/ringfence-tiny-q8_0.gguf");

    private Catalogs() {}

    /** One small profile, which is the default, and the demo's model. */
    static Path standard(Path directory) {
        return write(directory, """
                [slm]
                default_sandbox_profile = "blackbox"

                [slm.model_allow_lists]
                allow_runtime_overrides = true

                [[slm.model_allow_lists.global_models]]
                id = "tiny"
                name = "Ringfence tiny"
                provider = { LocalFile = { file_path = "%s" } }
                capabilities = ["TextGeneration"]
                [slm.model_allow_lists.global_models.resource_requirements]
                min_memory_mb = 128
                preferred_cpu_cores = 1.0

                [[slm.model_allow_lists.global_models]]
                id = "lost"
                name = "A model whose file is gone"
                provider = { LocalFile = { file_path = "/nowhere/lost.gguf" } }
                capabilities = ["TextGeneration"]
                [slm.model_allow_lists.global_models.resource_requirements]
                min_memory_mb = 256
                preferred_cpu_cores = 1.0

                [slm.sandbox_profiles.blackbox.resources]
                max_memory_mb = 128
                max_cpu_cores = 1.0
                max_disk_mb = 16
                max_io_bandwidth_mbps = 0

                [slm.sandbox_profiles.blackbox.process_limits]
                max_child_processes = 16
                max_execution_time_seconds = 60
                process_priority = 10

                [slm.sandbox_profiles.blackbox.network]
                access_mode = "None"
                """.formatted(MODEL));
    }

    /** As above, with a pinned model of the hub. */
    static Path hub(Path directory) {
        try {
            return write(directory, Files.readString(standard(directory)) + """

                [[slm.model_allow_lists.global_models]]
                id = "hub"
                provider = { HuggingFace = { model_path = "owner/small" } }
                capabilities = ["TextGeneration"]
                engine = { pin = true }
                [slm.model_allow_lists.global_models.resource_requirements]
                min_memory_mb = 128
                """);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** As above, with a model that has a slash in its id and that an agent called stranger is tied to. */
    static Path openAi(Path directory) {
        try {
            var standard = Files.readString(standard(directory));
            return write(directory, standard + """

                [[slm.model_allow_lists.global_models]]
                id = "lab/tiny"
                name = "Ringfence tiny under another name"
                provider = { LocalFile = { file_path = "%s" } }
                capabilities = ["TextGeneration"]
                [slm.model_allow_lists.global_models.resource_requirements]
                min_memory_mb = 128
                preferred_cpu_cores = 1.0

                [slm.model_allow_lists.agent_model_maps]
                stranger = ["lab/tiny"]
                """.formatted(MODEL));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Path write(Path directory, String toml) {
        try {
            return Files.writeString(directory.resolve("ringfence.toml"), toml);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
