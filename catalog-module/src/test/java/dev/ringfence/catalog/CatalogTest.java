package dev.ringfence.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.catalog.ResourceRequirements.GpuRequirements;
import dev.ringfence.catalog.SandboxProfile.Destination;
import dev.ringfence.catalog.SandboxProfile.Filesystem;
import dev.ringfence.catalog.SandboxProfile.GpuAccess;
import dev.ringfence.catalog.SandboxProfile.Network;
import dev.ringfence.catalog.SandboxProfile.NetworkAccess;
import dev.ringfence.catalog.SandboxProfile.ProcessLimits;
import dev.ringfence.catalog.SandboxProfile.Resources;
import dev.ringfence.catalog.SandboxProfile.Security;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CatalogTest {
    private static final Catalog MODELS = parse("""
            [slm.model_allow_lists]
            allow_runtime_overrides = true
            [[slm.model_allow_lists.global_models]]
            id = "large"
            provider = { LocalFile = { file_path = "/models/large.gguf" } }
            capabilities = ["TextGeneration", "Reasoning"]
            resource_requirements = { min_memory_mb = 8192, preferred_cpu_cores = 4 }
            [[slm.model_allow_lists.global_models]]
            id = "small-b"
            name = "Small B"
            provider = { HuggingFace = { model_path = "owner/small" } }
            capabilities = ["TextGeneration"]
            resource_requirements = { min_memory_mb = 512, preferred_cpu_cores = 0.5 }
            [[slm.model_allow_lists.global_models]]
            id = "small-a"
            provider = { Custom = { endpoint_url = "https://models.example.org:8443/v1" } }
            capabilities = ["TextGeneration", "TextGeneration"]
            resource_requirements = { min_memory_mb = 512, preferred_cpu_cores = 1 }
            [[slm.model_allow_lists.global_models]]
            id = "remote"
            provider = { OpenAI = { model_name = "some-model" } }
            capabilities = ["ToolUse", "FunctionCalling", "CodeGeneration"]
            resource_requirements = { min_memory_mb = 1, preferred_cpu_cores = 0.1 }
            [[slm.model_allow_lists.global_models]]
            id = "vectors"
            provider = { Anthropic = { model_name = "other-model" } }
            capabilities = ["Embeddings"]
            [slm.model_allow_lists.global_models.resource_requirements]
            min_memory_mb = 2048
            preferred_cpu_cores = 2.5
            gpu_requirements = { min_vram_mb = 4096, compute_capability = 7.5 }
            [slm.model_allow_lists.agent_model_maps]
            writer = ["large", "small-b"]
            nobody = []
            """);

    @TempDir
    Path directory;

    @Test
    void theExampleOfTheOriginalIsRefusedForTheOneModelThatItDoesNotDefine() throws IOException {
        var example = example();

        assertThatThrownBy(() -> parse(example))
                .isInstanceOfSatisfying(
                        CatalogException.class,
                        e -> assertThat(e.problems())
                                .containsExactly(new Problem(
                                        "slm.model_allow_lists.agent_model_maps.code_generator[0]",
                                        "\"codellama-7b\"",
                                        "maps the agent to an unknown model; known are llama2-7b")));
    }

    @Test
    void theExampleOfTheOriginalLoadsOnceThatModelIsAdded() throws IOException {
        var catalog = parse(example() + """

                [[slm.model_allow_lists.global_models]]
                id = "codellama-7b"
                name = "Code Llama 7B"
                provider = { LocalFile = { file_path = "/models/codellama-7b.gguf" } }
                capabilities = ["CodeGeneration"]
                [slm.model_allow_lists.global_models.resource_requirements]
                min_memory_mb = 8192
                preferred_cpu_cores = 4.0
                """);

        assertThat(catalog.enabled()).isTrue();
        assertThat(catalog.modelsFor("security_scanner")).extracting(Model::id).containsExactly("llama2-7b");
        assertThat(catalog.modelsFor("code_generator")).extracting(Model::id).containsExactly("codellama-7b");
        assertThat(catalog.modelsFor("anyone")).hasSize(2);
        assertThat(catalog.model("llama2-7b"))
                .hasValue(new Model(
                        "llama2-7b",
                        "",
                        true,
                        Set.of(),
                        "Llama 2 7B",
                        new Provider.LocalFile(Path.of("/models/llama2-7b.gguf")),
                        Set.of(ModelCapability.REASONING, ModelCapability.TEXT_GENERATION),
                        new ResourceRequirements(DataSize.ofMegabytes(8192), 4.0, null),
                        EngineOptions.DEFAULT,
                        null));
        var secure = catalog.defaultProfile();
        assertThat(secure.resources().maxMemory()).isEqualTo(DataSize.ofMegabytes(4096));
        assertThat(secure.resources().maxCores()).isEqualTo(2.0);
        assertThat(secure.resources().maxDisk()).isEqualTo(DataSize.ofMegabytes(100));
        assertThat(secure.processLimits()).isEqualTo(builtIn("secure").processLimits());
    }

    @Test
    void anEmptyFileIsACatalogOfNoModelsAndTheBuiltInProfiles() {
        var catalog = parse("");

        assertThat(catalog.models()).isEmpty();
        assertThat(catalog.enabled()).isTrue();
        assertThat(catalog.runtimeOverridesAllowed()).isFalse();
        assertThat(catalog.profiles()).extracting(SandboxProfile::name).containsExactly("secure", "standard");
        assertThat(catalog.defaultProfile()).isEqualTo(builtIn("secure"));
    }

    @Test
    void theProfileSecureIsAsDocumented() {
        assertThat(builtIn("secure"))
                .isEqualTo(new SandboxProfile(
                        "secure",
                        new Resources(
                                DataSize.ofMegabytes(512), 1.0, DataSize.ofMegabytes(100), new GpuAccess.None(), 10),
                        new Filesystem(List.of(), List.of(), List.of(), true, DataSize.ofMegabytes(10)),
                        new ProcessLimits(0, Duration.ofMinutes(5), Set.of(), 19),
                        new Network(NetworkAccess.NONE, List.of(), 0),
                        new Security(true, true, true, false)));
    }

    @Test
    void theProfileStandardIsAsDocumented() {
        assertThat(builtIn("standard"))
                .isEqualTo(new SandboxProfile(
                        "standard",
                        new Resources(
                                DataSize.ofMegabytes(1024), 2.0, DataSize.ofMegabytes(500), new GpuAccess.None(), 50),
                        new Filesystem(List.of(), List.of(), List.of(), true, DataSize.ofMegabytes(100)),
                        new ProcessLimits(5, Duration.ofMinutes(10), Set.of(), 0),
                        new Network(NetworkAccess.RESTRICTED, List.of(), 100),
                        new Security(false, true, true, false)));
    }

    @Test
    void everyKeyOfAProfileIsRead() {
        var catalog = parse("""
                slm.default_sandbox_profile = "all"
                [slm.sandbox_profiles.all.resources]
                max_memory_mb = 1
                max_cpu_cores = 2
                max_disk_mb = 3
                gpu_access = { Shared = { max_memory_mb = 4 } }
                max_io_bandwidth_mbps = 5
                [slm.sandbox_profiles.all.filesystem]
                read_paths = ["/usr/**", "/"]
                write_paths = ["/data/out"]
                denied_paths = ["/usr/*.key"]
                allow_temp_files = false
                max_file_size_mb = 6
                [slm.sandbox_profiles.all.process_limits]
                max_child_processes = 7
                max_execution_time_seconds = 8
                allowed_syscalls = ["read", "write"]
                process_priority = -20
                [slm.sandbox_profiles.all.network]
                access_mode = "Restricted"
                allowed_destinations = [
                    { host = "example.org", port = 443, protocol = "TCP" },
                    { host = "::1", port = 1 },
                ]
                max_bandwidth_mbps = 9
                [slm.sandbox_profiles.all.security]
                strict_syscall_filtering = false
                disable_debugging = false
                enable_audit_logging = false
                require_encryption = true
                """);

        assertThat(catalog.defaultProfile())
                .isEqualTo(new SandboxProfile(
                        "all",
                        new Resources(
                                DataSize.ofMegabytes(1),
                                2.0,
                                DataSize.ofMegabytes(3),
                                new GpuAccess.Shared(DataSize.ofMegabytes(4)),
                                5),
                        new Filesystem(
                                List.of("/usr/**", "/"),
                                List.of("/data/out"),
                                List.of("/usr/*.key"),
                                false,
                                DataSize.ofMegabytes(6)),
                        new ProcessLimits(7, Duration.ofSeconds(8), Set.of("read", "write"), -20),
                        new Network(
                                NetworkAccess.RESTRICTED,
                                List.of(new Destination("example.org", 443, "tcp"), new Destination("::1", 1, "tcp")),
                                9),
                        new Security(false, false, false, true)));
    }

    @Test
    void aProfileMayWantOneTierOfFencesAndAMisspeltOneIsNamed() {
        var catalog = parse("""
                [slm.sandbox_profiles.pod]
                tier = "landlock"
                [slm.sandbox_profiles.any.resources]
                """);

        assertThat(catalog.profile("pod").orElseThrow().tier()).contains(FenceTier.LANDLOCK);
        assertThat(catalog.profile("any").orElseThrow().tier()).isEmpty();
        assertThatThrownBy(() -> parse("[slm.sandbox_profiles.pod]\ntier = \"landlok\"\n"))
                .isInstanceOf(CatalogException.class)
                .hasMessageContaining("slm.sandbox_profiles.pod.tier")
                .hasMessageContaining("did you mean landlock?");
    }

    @Test
    void whatAProfileLeavesOutIsTakenFromSecureAndABuiltInOneChangesOnlyTheKeysThatAreThere() {
        var catalog = parse("""
                [slm.sandbox_profiles.bare]
                [slm.sandbox_profiles.partly.resources]
                gpu_access = "Exclusive"
                [slm.sandbox_profiles.standard.network]
                access_mode = "Full"
                """);
        var secure = builtIn("secure");
        var standard = builtIn("standard");

        var bare = catalog.profile("bare").orElseThrow();
        var partly = catalog.profile("partly").orElseThrow();
        var changed = catalog.profile("standard").orElseThrow();

        assertThat(bare.resources()).isEqualTo(secure.resources());
        assertThat(bare.network()).isEqualTo(secure.network());
        assertThat(partly.resources().gpu()).isEqualTo(new GpuAccess.Exclusive());
        assertThat(partly.resources().maxMemory()).isEqualTo(secure.resources().maxMemory());
        assertThat(partly.security()).isEqualTo(secure.security());
        assertThat(changed.resources()).isEqualTo(standard.resources());
        assertThat(changed.network()).isEqualTo(new Network(NetworkAccess.FULL, List.of(), 100));
    }

    @Test
    void everyKindOfProviderIsUnderstood() {
        assertThat(MODELS.models())
                .extracting(Model::provider)
                .containsExactly(
                        new Provider.LocalFile(Path.of("/models/large.gguf")),
                        new Provider.HuggingFace("owner/small"),
                        new Provider.Custom(URI.create("https://models.example.org:8443/v1")),
                        new Provider.OpenAI("some-model"),
                        new Provider.Anthropic("other-model"));
        assertThat(MODELS.model("vectors").orElseThrow().requirements())
                .isEqualTo(new ResourceRequirements(
                        DataSize.ofMegabytes(2048), 2.5, new GpuRequirements(DataSize.ofMegabytes(4096), 7.5)));
        assertThat(MODELS.model("large").orElseThrow().name()).isEqualTo("large");
        assertThat(MODELS.model("large").orElseThrow().file())
                .hasValue(new ModelFile.Found(Path.of("/models/large.gguf")));
        assertThat(MODELS.model("remote").orElseThrow().file()).isEmpty();
    }

    @Test
    void modelsAreFoundByIdAndAgent() {
        assertThat(MODELS.model("small")).isEmpty();
        assertThat(MODELS.modelsFor("writer")).extracting(Model::id).containsExactly("large", "small-b");
        assertThat(MODELS.modelsFor("nobody")).isEmpty();
        assertThat(MODELS.modelsFor("unmapped")).hasSize(5);
        assertThat(MODELS.mayUse("writer", "large")).isTrue();
        assertThat(MODELS.mayUse("writer", "small-a")).isFalse();
        assertThat(MODELS.mayUse("unmapped", "small-a")).isTrue();
        assertThat(MODELS.mayUse("unmapped", "no-such-model")).isFalse();
        assertThat(MODELS.runtimeOverridesAllowed()).isTrue();
    }

    @Test
    void theSmallestModelThatMeetsAllRequirementsIsSelectedAndTiesGoById() {
        var text = Set.of(ModelCapability.TEXT_GENERATION);
        var reasoning = Set.of(ModelCapability.TEXT_GENERATION, ModelCapability.REASONING);

        assertThat(selected(text, null, null)).hasValueSatisfying(is("small-a"));
        assertThat(selected(text, null, "writer")).hasValueSatisfying(is("small-b"));
        assertThat(selected(reasoning, null, null)).hasValueSatisfying(is("large"));
        assertThat(selected(reasoning, DataSize.ofMegabytes(8192), null)).hasValueSatisfying(is("large"));
        assertThat(selected(reasoning, DataSize.ofMegabytes(8191), null)).isEmpty();
        assertThat(selected(reasoning, null, "nobody")).isEmpty();
        assertThat(selected(Set.of(), null, null)).hasValueSatisfying(is("remote"));
    }

    private static Optional<Model> selected(
            Set<ModelCapability> capabilities, @Nullable DataSize maxMemory, @Nullable String agent) {
        return MODELS.select(new Requirements(capabilities, maxMemory, agent));
    }

    @Test
    void statisticsCountWhatIsThere() {
        assertThat(MODELS.statistics())
                .isEqualTo(new Statistics(
                        5,
                        2,
                        2,
                        Map.of(
                                ModelCapability.TEXT_GENERATION, 3,
                                ModelCapability.CODE_GENERATION, 1,
                                ModelCapability.REASONING, 1,
                                ModelCapability.TOOL_USE, 1,
                                ModelCapability.FUNCTION_CALLING, 1,
                                ModelCapability.EMBEDDINGS, 1),
                        Map.of("LocalFile", 1, "HuggingFace", 1, "Custom", 1, "OpenAI", 1, "Anthropic", 1),
                        DataSize.ofMegabytes(8192 + 512 + 512 + 1 + 2048)));
    }

    @Test
    void relativeModelFilesAreBesideTheCatalogAndNeedNotBeThere() throws IOException {
        var file = Files.writeString(directory.resolve("catalog.toml"), model("../models/tiny.gguf"));

        assertThat(localFile(Catalog.load(file, ProfileCheck.NONE)))
                .isEqualTo(directory.resolveSibling("models/tiny.gguf"));
        assertThat(localFile(parse(model("tiny.gguf"))))
                .isEqualTo(Path.of("tiny.gguf").toAbsolutePath());
    }

    @Test
    void aFileThatCannotBeReadSaysWhy() throws IOException {
        var missing = directory.resolve("missing.toml");
        var binary = Files.write(directory.resolve("binary.toml"), new byte[] {(byte) 0xC3, (byte) 0x28});

        assertThatThrownBy(() -> Catalog.load(missing, ProfileCheck.NONE))
                .isInstanceOf(CatalogException.class)
                .hasMessageContaining("missing.toml has 1 error:")
                .hasMessageContaining("there is no such file");
        assertThatThrownBy(() -> Catalog.load(binary, ProfileCheck.NONE))
                .isInstanceOf(CatalogException.class)
                .hasMessageContaining("not UTF-8");
        assertThatThrownBy(() -> Catalog.load(directory, ProfileCheck.NONE)).isInstanceOf(CatalogException.class);
    }

    /** Such as a writer leaves that empties the file first: it let everyone do everything. */
    @ParameterizedTest
    @ValueSource(strings = {"", " \n\n", "# [agents.bob]\n# capabilities = []\n", "\uFEFF"})
    void aFileWithoutAnyKeyIsNoCatalog(String text) throws IOException {
        var file = Files.writeString(directory.resolve("empty.toml"), text);

        assertThatThrownBy(() -> Catalog.load(file, ProfileCheck.NONE))
                .isInstanceOf(CatalogException.class)
                .hasMessageContaining("empty.toml has 1 error:")
                .hasMessageContaining("the file has no key");
    }

    @Test
    void aByteOrderMarkBeforeTheFirstKeyIsPassedOver() throws IOException {
        var file = Files.writeString(directory.resolve("marked.toml"), "\uFEFF" + model("m.gguf"));

        assertThat(Catalog.load(file, ProfileCheck.NONE).models()).hasSize(1);
    }

    /** It was read until there was no memory left. */
    @Test
    void aFileThatIsTooLargeAndOneWithoutAnEndAreNotReadToTheirEnd() throws IOException {
        var large = directory.resolve("large.toml");
        try (var channel = FileChannel.open(large, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[1]), 1L << 32);
        }

        assertThatThrownBy(() -> Catalog.load(large, ProfileCheck.NONE))
                .isInstanceOf(CatalogException.class)
                .hasMessageContaining("more than 4 MB");
        assertThatThrownBy(() -> Catalog.load(Path.of("/dev/zero"), ProfileCheck.NONE))
                .isInstanceOf(CatalogException.class)
                .hasMessageContaining("it is no regular file");
    }

    @Test
    void aWarningShowsANumberAsANumber() throws IOException {
        var large = directory.resolve("large.gguf");
        Files.copy(Path.of("../src/demo/ringfence-tiny-q8_0.gguf"), large);
        try (var channel = FileChannel.open(large, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[1]), 2 << 20);
        }

        assertThat(parse(model(large.toString())).warnings())
                .singleElement()
                .asString()
                .contains(".min_memory_mb = 1: is less than");
    }

    @Test
    void whatIsWrongWithAnAddedModelIsToldOnce() {
        var model = JsonNodeFactory.instance.objectNode().put("id", "m").put("foo", 1);
        model.putArray("capabilities").add("Embeddings");
        model.putObject("provider").putObject("LocalFile").put("file_path", "/m.gguf");
        model.putObject("resource_requirements").put("min_memory_mb", 1);

        assertThatThrownBy(() -> parse("").with(model))
                .isInstanceOfSatisfying(
                        CatalogException.class,
                        e -> assertThat(e.problems()).singleElement().asString().startsWith("foo = 1: unknown key"));
    }

    @Test
    void whatTheCatalogReturnsCannotBeChanged() {
        assertThatThrownBy(() -> MODELS.models().clear()).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> MODELS.profiles().clear()).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(
                        () -> MODELS.model("large").orElseThrow().capabilities().clear())
                .isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void theDemonstrationsCatalogLoadsAndItsModelIsThere() {
        var catalog = Catalog.load(Path.of("../src/demo/ringfence.toml"), ProfileCheck.NONE);

        var tiny = catalog.model("ringfence-tiny").orElseThrow();
        assertThat(tiny.file())
                .hasValueSatisfying(
                        file -> assertThat(((ModelFile.Found) file).path()).isNotEmptyFile());
        assertThat(catalog.warnings()).isEmpty();
        assertThat(tiny.header()).isNotNull();
        assertThat(tiny.capabilities()).containsExactly(ModelCapability.TEXT_GENERATION);
        assertThat(catalog.defaultProfile()).isEqualTo(builtIn("secure"));
        var shell = catalog.profile("demo-shell").orElseThrow();
        assertThat(shell.resources()).isEqualTo(builtIn("secure").resources());
        assertThat(shell.processLimits()).isEqualTo(new ProcessLimits(16, Duration.ofMinutes(5), Set.of(), 19));
        assertThat(shell.network()).isEqualTo(builtIn("secure").network());
        assertThat(shell.security()).isEqualTo(builtIn("secure").security());
    }

    @Test
    void theKeysThatTheDemonstrationShowsInCommentsAreAllReadWithTheValuesOfSecure() throws IOException {
        var text = Files.readString(Path.of("../src/demo/ringfence.toml"));
        var shown = text.replaceAll("(?m)^# (?=\\[slm|[a-z_]+ = )", "").replace("NAME", "shown");

        var profile = parse(shown).profile("shown").orElseThrow();

        assertThat(shown).contains("\n[slm.sandbox_profiles.shown.security]\nstrict_syscall_filtering = true\n");
        assertThat(profile.resources()).isEqualTo(builtIn("secure").resources());
        assertThat(profile.filesystem()).isEqualTo(builtIn("secure").filesystem());
        assertThat(profile.processLimits()).isEqualTo(builtIn("secure").processLimits());
        assertThat(profile.network()).isEqualTo(builtIn("secure").network());
        assertThat(profile.security()).isEqualTo(builtIn("secure").security());
    }

    private static Consumer<Model> is(String id) {
        return model -> assertThat(model.id()).isEqualTo(id);
    }

    private static Path localFile(Catalog catalog) {
        return ((ModelFile.Found) catalog.model("m").orElseThrow().file().orElseThrow()).path();
    }

    private static String model(String file) {
        return """
                [[slm.model_allow_lists.global_models]]
                id = "m"
                provider = { LocalFile = { file_path = "%s" } }
                capabilities = ["Embeddings"]
                resource_requirements = { min_memory_mb = 1, preferred_cpu_cores = 1 }
                """.formatted(file);
    }

    private static SandboxProfile builtIn(String name) {
        return Catalog.empty().profile(name).orElseThrow();
    }

    private static Catalog parse(String toml) {
        return Catalog.parse(toml, "test.toml");
    }

    static String example() throws IOException {
        try (var stream = Objects.requireNonNull(CatalogTest.class.getResourceAsStream("symbiont.toml"))) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
