package dev.ringfence.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class CatalogValidationTest {
    @TempDir
    Path directory;

    private static final String GOOD_MODEL = """
            id = "m"
            provider = { LocalFile = { file_path = "/m.gguf" } }
            capabilities = ["Embeddings"]
            resource_requirements = { min_memory_mb = 1, preferred_cpu_cores = 1 }
            """;
    private static final String MODEL = "slm.model_allow_lists.global_models[0]";
    private static final String PROFILE = "slm.sandbox_profiles.fast";

    static Stream<Arguments> profileMistakes() {
        return Stream.of(
                arguments("resources", "max_memory_mb = 0", "max_memory_mb", "0", "from 1 to"),
                arguments("resources", "max_memory_mb = -1", "max_memory_mb", "-1", "from 1 to"),
                arguments(
                        "resources",
                        "max_memory_mb = 92233720368547758070",
                        "max_memory_mb",
                        "92233720368547758070",
                        "from 1 to"),
                arguments("resources", "max_memory_mb = 1.5", "max_memory_mb", "1.5", "whole number"),
                arguments("resources", "max_memory_mb = \"1\"", "max_memory_mb", "\"1\"", "whole number"),
                arguments("resources", "max_cpu_cores = 0", "max_cpu_cores", "0", "above 0"),
                arguments("resources", "max_cpu_cores = 0.0", "max_cpu_cores", "0", "above 0"),
                arguments("resources", "max_cpu_cores = -0.5", "max_cpu_cores", "-0.5", "above 0"),
                arguments("resources", "max_cpu_cores = nan", "max_cpu_cores", "NaN", "above 0"),
                arguments("resources", "max_cpu_cores = inf", "max_cpu_cores", "Infinity", "at most"),
                arguments("resources", "max_cpu_cores = 1e999999999", "max_cpu_cores", "", "at most"),
                arguments("resources", "max_cpu_cores = true", "max_cpu_cores", "true", "a number"),
                arguments("resources", "max_disk_mb = -1", "max_disk_mb", "-1", "from 0 to"),
                arguments("resources", "max_io_bandwidth_mbps = -1", "max_io_bandwidth_mbps", "-1", "from 0"),
                arguments("resources", "gpu_access = \"Some\"", "gpu_access", "\"Some\"", "\"Exclusive\" or"),
                arguments("resources", "gpu_access = 1", "gpu_access", "1", "\"Exclusive\" or"),
                arguments("resources", "gpu_access = {}", "gpu_access", "a table", "must hold Shared"),
                arguments(
                        "resources",
                        "gpu_access = { Shared = { max_memory_mb = 0 } }",
                        "gpu_access.Shared.max_memory_mb",
                        "0",
                        "from 1 to"),
                arguments(
                        "resources",
                        "gpu_access = { Shared = {} }",
                        "gpu_access.Shared.max_memory_mb",
                        "",
                        "is missing"),
                arguments("resources", "max_memory = 5", "max_memory", "5", "unknown key; did you mean max_memory_mb?"),
                arguments("filesystem", "read_paths = \"/usr\"", "read_paths", "\"/usr\"", "array of strings"),
                arguments("filesystem", "read_paths = [1]", "read_paths[0]", "1", "string in quotes"),
                arguments("filesystem", "read_paths = [\"usr\"]", "read_paths[0]", "\"usr\"", "absolute path"),
                arguments("filesystem", "read_paths = [\"\"]", "read_paths[0]", "\"\"", "cannot be empty"),
                arguments("filesystem", "write_paths = [\"/a\", \"/b/../c\"]", "write_paths[1]", "/b/../c", "'..'"),
                arguments("filesystem", "write_paths = [\"/..\"]", "write_paths[0]", "/..", "'..'"),
                arguments("filesystem", "denied_paths = [\"/a\\u0000b\"]", "denied_paths[0]", "\\u0000b", "control"),
                arguments("filesystem", "allow_temp_files = \"yes\"", "allow_temp_files", "\"yes\"", "true or false"),
                arguments("filesystem", "max_file_size_mb = -1", "max_file_size_mb", "-1", "from 0 to"),
                arguments("process_limits", "max_child_processes = -1", "max_child_processes", "-1", "from 0 to"),
                arguments(
                        "process_limits",
                        "max_execution_time_seconds = 0",
                        "max_execution_time_seconds",
                        "0",
                        "from 1 to"),
                arguments("process_limits", "process_priority = 20", "process_priority", "20", "from -20 to 19"),
                arguments("process_limits", "process_priority = -21", "process_priority", "-21", "from -20 to 19"),
                arguments(
                        "process_limits",
                        "allowed_syscalls = [\"Open At\"]",
                        "allowed_syscalls[0]",
                        "Open At",
                        "lower case"),
                arguments("network", "access_mode = \"none\"", "access_mode", "\"none\"", "None, Restricted, Full"),
                arguments("network", "access_mode = false", "access_mode", "false", "string"),
                arguments("network", "allowed_destinations = [\"a\"]", "allowed_destinations[0]", "\"a\"", "a table"),
                arguments(
                        "network",
                        "allowed_destinations = [{ host = \"a\", port = 0 }]",
                        "allowed_destinations[0].port",
                        "0",
                        "from 1 to 65535"),
                arguments(
                        "network",
                        "allowed_destinations = [{ host = \"a\", port = 65536 }]",
                        "allowed_destinations[0].port",
                        "65536",
                        "from 1 to 65535"),
                arguments(
                        "network",
                        "allowed_destinations = [{ host = \"a\", port = 1, protocol = \"icmp\" }]",
                        "allowed_destinations[0].protocol",
                        "\"icmp\"",
                        "tcp, udp, http, https"),
                arguments(
                        "network",
                        "allowed_destinations = [{ host = \"https://a\", port = 1 }]",
                        "allowed_destinations[0].host",
                        "https://a",
                        "without scheme"),
                arguments(
                        "network",
                        "allowed_destinations = [{ port = 1 }]",
                        "allowed_destinations[0].host",
                        "",
                        "is missing"),
                arguments(
                        "network",
                        "allowed_destinations = [{ host = \"a\" }]",
                        "allowed_destinations[0].port",
                        "",
                        "is missing"),
                arguments("network", "max_bandwidth_mbps = -1", "max_bandwidth_mbps", "-1", "from 0 to"),
                arguments("security", "require_encryption = 1", "require_encryption", "1", "true or false"));
    }

    @ParameterizedTest(name = "{1} in {0}")
    @MethodSource("profileMistakes")
    void aMistakeInAProfileIsNamedByItsKey(String section, String line, String key, String value, String remedy) {
        var problem = theOnlyProblem("[%s.%s]\n%s\n".formatted(PROFILE, section, line));

        assertThat(problem.key()).isEqualTo(PROFILE + "." + section + "." + key);
        assertThat(problem.value()).contains(value);
        assertThat(problem.message()).contains(remedy);
    }

    static Stream<Arguments> modelMistakes() {
        var provider = "provider = { LocalFile = { file_path = \"/m.gguf\" } }";
        var capabilities = "capabilities = [\"Embeddings\"]";
        var needs = "resource_requirements = { min_memory_mb = 1, preferred_cpu_cores = 1 }";
        return Stream.of(
                arguments("id = \"m\"", "", "id", "", "is missing"),
                arguments("id = \"m\"", "id = 5", "id", "5", "string"),
                arguments("id = \"m\"", "id = \"\"", "id", "\"\"", "cannot be empty"),
                arguments("id = \"m\"", "id = \"a\\nb\"", "id", "\"a\\u000Ab\"", "control characters"),
                arguments("id = \"m\"", "id = \"" + "x".repeat(201) + "\"", "id", "x…\"", "longer than 200"),
                arguments("id = \"m\"", "id = \"m\"\nname = \"\"", "name", "\"\"", "readable"),
                arguments("id = \"m\"", "id = \"m\"\nidd = \"m\"", "idd", "\"m\"", "did you mean id?"),
                arguments(provider, "", "provider", "", "is missing"),
                arguments(provider, "provider = \"OpenAI\"", "provider", "\"OpenAI\"", "must be a table"),
                arguments(provider, "provider = {}", "provider", "a table", "exactly one of LocalFile"),
                arguments(
                        provider,
                        "provider = { LocalFiles = { file_path = \"/m\" } }",
                        "provider.LocalFiles",
                        "a table",
                        "did you mean LocalFile?"),
                arguments(
                        provider,
                        "provider = { LocalFile = { file_path = \"\" } }",
                        "provider.LocalFile.file_path",
                        "\"\"",
                        "cannot be empty"),
                arguments(
                        provider,
                        "provider = { LocalFile = { file_path = \"/m\\u0000\" } }",
                        "provider.LocalFile.file_path",
                        "\"/m\\u0000\"",
                        "control characters"),
                arguments(provider, "provider = { LocalFile = { } }", "provider.LocalFile.file_path", "", "is missing"),
                arguments(
                        provider,
                        "provider = { LocalFile = { file_path = \"/m\", mode = 1 } }",
                        "provider.LocalFile.mode",
                        "1",
                        "unknown key"),
                arguments(
                        provider,
                        "provider = { OpenAI = { model_name = \" \" } }",
                        "provider.OpenAI.model_name",
                        "\" \"",
                        "cannot be empty"),
                arguments(
                        provider,
                        "provider = { Custom = { endpoint_url = \"localhost:8080\" } }",
                        "provider.Custom.endpoint_url",
                        "\"localhost:8080\"",
                        "http or https"),
                arguments(
                        provider,
                        "provider = { Custom = { endpoint_url = \"http://a b\" } }",
                        "provider.Custom.endpoint_url",
                        "\"http://a b\"",
                        "http or https"),
                arguments(
                        provider,
                        "provider = { Custom = { endpoint_url = \"file:///etc/passwd\" } }",
                        "provider.Custom.endpoint_url",
                        "\"file:///etc/passwd\"",
                        "http or https"),
                arguments(capabilities, "", "capabilities", "", "at least one of TextGeneration"),
                arguments(capabilities, "capabilities = []", "capabilities", "an array of 0", "at least one of"),
                arguments(
                        capabilities,
                        "capabilities = [\"Embedding\"]",
                        "capabilities[0]",
                        "\"Embedding\"",
                        "did you mean Embeddings?"),
                arguments(
                        capabilities,
                        "capabilities = [\"Embeddings\", \"Dreaming\"]",
                        "capabilities[1]",
                        "\"Dreaming\"",
                        "known are TextGeneration, CodeGeneration, Reasoning, ToolUse, FunctionCalling, Embeddings"),
                arguments(needs, "", "resource_requirements", "", "is missing"),
                arguments(
                        needs,
                        "resource_requirements = { min_memory_mb = 0, preferred_cpu_cores = 1 }",
                        "resource_requirements.min_memory_mb",
                        "0",
                        "from 1 to"),
                arguments(
                        needs,
                        "resource_requirements = { preferred_cpu_cores = 1 }",
                        "resource_requirements.min_memory_mb",
                        "",
                        "is missing"),
                arguments(
                        needs,
                        "resource_requirements = { min_memory_mb = 1, preferred_cpu_cores = nan }",
                        "resource_requirements.preferred_cpu_cores",
                        "NaN",
                        "above 0"),
                arguments(
                        needs,
                        "resource_requirements = { min_memory_mb = 1, preferred_cpu_cores = 1, gpu_requirements = {} }",
                        "resource_requirements.gpu_requirements.min_vram_mb",
                        "",
                        "is missing"));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("modelMistakes")
    void aMistakeInAModelIsNamedByItsKey(String replaced, String line, String key, String value, String remedy) {
        assertThat(GOOD_MODEL).contains(replaced);
        var problem = theOnlyProblem(
                "[[slm.model_allow_lists.global_models]]\n" + GOOD_MODEL.replace(replaced + "\n", line + "\n"));

        assertThat(problem.key()).isEqualTo(MODEL + "." + key);
        assertThat(problem.value()).contains(value);
        assertThat(problem.message()).contains(remedy);
    }

    static Stream<Arguments> otherMistakes() {
        return Stream.of(
                arguments("slm.enabled = 1", "slm.enabled", "1", "true or false"),
                arguments("slm.enabeld = true", "slm.enabeld", "true", "unknown key; did you mean enabled?"),
                arguments("slm = 1", "slm", "1", "must be a table"),
                arguments("server.port = 1", "server", "a table", "unknown key; known are slm"),
                arguments(
                        "slm.default_sandbox_profile = \"fast\"",
                        "slm.default_sandbox_profile",
                        "\"fast\"",
                        "no such profile; define [slm.sandbox_profiles.fast] or name another; known are secure,"
                                + " standard"),
                arguments("slm.sandbox_profiles = []", "slm.sandbox_profiles", "an array of 0", "must be a table"),
                arguments("slm.sandbox_profiles.fast = 1", PROFILE, "1", "must be a table"),
                arguments(PROFILE + ".resource = {}", PROFILE + ".resource", "a table", "did you mean resources?"),
                arguments(PROFILE + ".network = 1", PROFILE + ".network", "1", "must be a table"),
                arguments(
                        "slm.sandbox_profiles.\"a\\tb\" = {}",
                        "slm.sandbox_profiles.\"a\\u0009b\"",
                        "\"a\\u0009b\"",
                        "control characters"),
                arguments(
                        "slm.model_allow_lists.global_models = {}",
                        "slm.model_allow_lists.global_models",
                        "a table",
                        "array of tables"),
                arguments(
                        "slm.model_allow_lists.global_models = [1]",
                        "slm.model_allow_lists.global_models[0]",
                        "1",
                        "must be a table"),
                arguments(
                        "slm.model_allow_lists.agent_model_maps.a = \"m\"",
                        "slm.model_allow_lists.agent_model_maps.a",
                        "\"m\"",
                        "array of strings"),
                arguments(
                        "slm.model_allow_lists.agent_model_maps.\"my agent\" = [\"m\"]",
                        "slm.model_allow_lists.agent_model_maps.\"my agent\"[0]",
                        "\"m\"",
                        "unknown model"),
                arguments(
                        "slm.model_allow_lists.agent_model_maps.\"\" = []",
                        "slm.model_allow_lists.agent_model_maps.\"\"",
                        "\"\"",
                        "cannot be empty"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("otherMistakes")
    void aMistakeElsewhereIsNamedByItsKey(String line, String key, String value, String remedy) {
        var problem = theOnlyProblem(line);

        assertThat(problem.key()).isEqualTo(key);
        assertThat(problem.value()).isEqualTo(value);
        assertThat(problem.message()).contains(remedy);
    }

    @Test
    void twoModelsCannotHaveTheSameId() {
        var model = "[[slm.model_allow_lists.global_models]]\n" + GOOD_MODEL;

        var problem = theOnlyProblem(model + model);

        assertThat(problem.key()).isEqualTo("slm.model_allow_lists.global_models[1].id");
        assertThat(problem.value()).isEqualTo("\"m\"");
        assertThat(problem.message()).contains("already the id of slm.model_allow_lists.global_models[0].id");
    }

    @Test
    void aModelWithAnotherErrorStillCountsAsDefined() {
        var problem = theOnlyProblem("""
                [slm.model_allow_lists.agent_model_maps]
                agent = ["m"]
                [[slm.model_allow_lists.global_models]]
                id = "m"
                capabilities = ["Embeddings"]
                resource_requirements = { min_memory_mb = 1, preferred_cpu_cores = 1 }
                """);

        assertThat(problem.key()).isEqualTo(MODEL + ".provider");
    }

    @Test
    void allMistakesOfAFileAreInOneReport() {
        var toml = """
                [slm]
                default_sandbox_profile = "fest"
                colour = "red"
                [[slm.model_allow_lists.global_models]]
                id = "m"
                provider = { LocalFile = { file_path = "" } }
                capabilities = ["Embeding"]
                resource_requirements = { min_memory_mb = 0, preferred_cpu_cores = 0 }
                [slm.sandbox_profiles.fast.resources]
                max_memory_mb = 0
                [slm.sandbox_profiles.fast.process_limits]
                process_priority = 99
                """;

        assertThat(problems(toml))
                .extracting(Problem::key)
                .containsExactly(
                        MODEL + ".provider.LocalFile.file_path",
                        MODEL + ".capabilities[0]",
                        MODEL + ".resource_requirements.min_memory_mb",
                        MODEL + ".resource_requirements.preferred_cpu_cores",
                        PROFILE + ".resources.max_memory_mb",
                        PROFILE + ".process_limits.process_priority",
                        "slm.default_sandbox_profile",
                        "slm.colour");
        assertThat(report(toml))
                .startsWith("test.toml has 8 errors:\n")
                .contains("\n  " + PROFILE + ".resources.max_memory_mb = 0: must be a whole number from 1 to")
                .contains("\n  slm.default_sandbox_profile = \"fest\": no such profile;")
                .contains("did you mean fast?");
    }

    @Test
    void aMistakeInTheSyntaxIsNamedByLineAndColumn() {
        var problem = theOnlyProblem("[slm]\nenabled = treu\n");

        assertThat(problem.key()).isEmpty();
        assertThat(problem.message()).contains("line 2, column 11");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "enabled = tru|\"tru\"; did you mean true?",
                "enabled = True # so|\"True\"; did you mean true?",
                "default_sandbox_profile = secure|\"secure\"; text has to be in quotes",
                "a = [1, yes]|\"yes\"; text has to be in quotes",
                "größe = 1|\"größe\"; text has to be in quotes"
            })
    void aWordThatTomlDoesNotKnowIsShown(String line, String shown) {
        assertThat(theOnlyProblem("[slm]\n" + line + "\n").message()).endsWith(": Unknown token " + shown);
    }

    static Stream<Arguments> duplicates() {
        return Stream.of(
                arguments("[slm]\nenabled = true\nenabled = false\n", 3, "enabled = false"),
                arguments("[slm]\nenabled = true\nenabled = false", 3, "enabled = false"),
                arguments("[slm]\r\nenabled = true\r\nenabled = false\r\n", 3, "enabled = false"),
                arguments("a = 1\n# one\na = 2 # two\n\n# three\n  b = 1\n", 3, "a = 2 # two"),
                arguments("a = 1\nb = { c = 1, c = 2 }\nd = 1\n", 2, "b = { c = 1, c = 2 }"),
                arguments("[[a]]\nid = 1\nid = 2\n[[a]]\nid = 1\n", 3, "id = 2"));
    }

    @ParameterizedTest
    @MethodSource("duplicates")
    void aKeyThatIsThereTwiceIsNamedWithTheLineOfItsSecondValue(String toml, int line, String statement) {
        assertThat(theOnlyProblem(toml).message())
                .isEqualTo("not valid TOML in line " + line + ": Duplicate key: \"" + statement + "\"");
    }

    @Test
    void aMistakeInOnePartOfAModelHidesNoneInAnother() {
        var toml = """
                [[slm.model_allow_lists.global_models]]
                id = "m"
                version = "1"
                default = true
                aliases = "other"
                provider = { Remote = {} }
                capabilities = ["Embeddings"]
                engine = { sandbox_profile = "fest" }
                [[slm.model_allow_lists.global_models]]
                id = "m"
                version = "2"
                provider = { Custom = { endpoint_url = "http://127.0.0.1:1/v1" } }
                capabilities = ["Embeddings"]
                """;

        assertThat(problems(toml))
                .extracting(Problem::key)
                .containsExactlyInAnyOrder(
                        MODEL + ".aliases", MODEL + ".provider.Remote", MODEL + ".engine.sandbox_profile");
    }

    @Test
    void whatOnlyTheFenceKnowsOfAListOfSystemCallsIsInTheSameReport() throws IOException {
        var file = Files.writeString(directory.resolve("c.toml"), """
                [slm]
                colour = "red"
                [slm.sandbox_profiles.fast.process_limits]
                allowed_syscalls = ["nope_call"]
                """);

        assertThatThrownBy(() -> Catalog.load(
                        file, profile -> List.of("no " + profile.processLimits().allowedSyscalls())))
                .isInstanceOfSatisfying(
                        CatalogException.class,
                        e -> assertThat(e.problems())
                                .extracting(Problem::toString)
                                .containsExactlyInAnyOrder(
                                        PROFILE + ".process_limits.allowed_syscalls: no [nope_call]",
                                        "slm.colour = \"red\": unknown key; known are enabled, default_sandbox_profile,"
                                                + " model_allow_lists, sandbox_profiles"));
    }

    @Test
    void whateverTheTextOnlyReportsComeBack() throws IOException {
        var seed = 20260801L;
        var random = new Random(seed);
        var example = CatalogTest.example();
        for (int round = 0; round < 3_000; round++) {
            var text = round % 10 == 0 ? noise(random) : mutate(example, random);
            try {
                Catalog.parse(text, "fuzz");
            } catch (CatalogException e) {
                assertThat(e.problems()).isNotEmpty();
            } catch (Throwable e) {
                throw new AssertionError("seed " + seed + ", round " + round + ":\n" + text, e);
            }
        }
    }

    @Test
    void deepNestingIsReportedAndDoesNotOverflow() {
        for (var opening : List.of("[", "{a=", "a.")) {
            assertThat(problems("slm = " + opening.repeat(100_000))).hasSize(1);
        }
        assertThat(problems("a.".repeat(100_000) + "b = 1")).isNotEmpty();
    }

    /** Lines lost, doubled or swapped, and pieces replaced by what TOML also knows. */
    private static String mutate(String text, Random random) {
        var pieces =
                List.of("[]", "{}", "nan", "-1", "0", "\"\"", "\"\\u0000\"", "[[a]]", "=", "1979-05-27", "'''", ".");
        var lines = new ArrayList<>(text.lines().toList());
        for (int i = random.nextInt(4); i >= 0; i--) {
            var at = random.nextInt(lines.size());
            var line = lines.get(at);
            switch (random.nextInt(5)) {
                case 0 -> lines.set(at, "");
                case 1 -> lines.add(random.nextInt(lines.size()), line);
                case 2 ->
                    lines.set(
                            at,
                            line.replaceAll(
                                    "=.*",
                                    "= "
                                            + pieces.get(random.nextInt(pieces.size()))
                                                    .replace("\\", "\\\\")));
                case 3 -> lines.set(at, line.substring(0, random.nextInt(line.length() + 1)));
                default -> lines.set(at, line + pieces.get(random.nextInt(pieces.size())));
            }
        }
        return String.join("\n", lines);
    }

    private static String noise(Random random) {
        return random.ints(random.nextInt(60), 0, 0x180)
                .mapToObj(Character::toString)
                .collect(Collectors.joining());
    }

    private static Problem theOnlyProblem(String toml) {
        var problems = problems(toml);
        assertThat(problems).hasSize(1);
        return problems.getFirst();
    }

    private static List<Problem> problems(String toml) {
        try {
            Catalog.parse(toml, "test.toml");
            return List.of();
        } catch (CatalogException e) {
            return e.problems();
        }
    }

    private static String report(String toml) {
        try {
            Catalog.parse(toml, "test.toml");
            return "";
        } catch (CatalogException e) {
            return String.valueOf(e.getMessage());
        }
    }
}
