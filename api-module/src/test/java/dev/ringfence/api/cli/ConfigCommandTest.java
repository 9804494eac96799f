package dev.ringfence.api.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringfence.api.RingfenceConfig;
import dev.ringfence.api.Settings;
import io.smallrye.config.ConfigMappings;
import io.smallrye.config.ConfigMappings.ConfigClass;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigCommandTest {
    @Test
    void everySettingIsKnownWithItsDefault() {
        var mapping = ConfigClass.configClass(RingfenceConfig.class, "ringfence");
        var expected = new TreeMap<String, String>();
        ConfigMappings.getProperties(mapping).forEach((key, property) -> {
            // The elements of lists are no settings of their own.
            if (!key.contains("[")
                    && (property.isLeaf() || property.isPrimitive() || key.endsWith("concurrency-of.*"))) {
                expected.put(key, property.hasDefaultValue() ? property.getDefaultValue() : "");
            }
        });
        expected.put("quarkus.http.host", "127.0.0.1");
        expected.put("quarkus.http.port", "8080");

        assertThat(Settings.listed()).isEqualTo(expected);
    }

    @Test
    void everySettingIsExplained() throws IOException {
        var docs = Files.readString(Path.of("../src/docs/operations.md"))
                + Files.readString(Path.of("../src/docs/access.md"));

        assertThat(Settings.listed().keySet())
                .allSatisfy(key -> assertThat(docs).contains("`" + key.replace("*", "NAME") + "`"));
    }

    /** The floors below name settings in what they tell, and do not know them. */
    @ParameterizedTest
    @ValueSource(strings = {"catalog-module", "wal-module", "runner-module"})
    void aSettingThatAnErrorNamesIsThere(String module) throws IOException {
        var said = Pattern.compile("\"[^\"\n]*?(ringfence(?:\\.[a-z][a-z-]*)+)");
        var known = Settings.listed().keySet();
        try (var sources = Files.walk(Path.of("..", module, "src/main/java"))) {
            for (var source : sources.filter(Files::isRegularFile).toList()) {
                assertThat(said.matcher(Files.readString(source)).results().map(found -> found.group(1)))
                        .as("%s", source)
                        .allSatisfy(name -> assertThat(known).anyMatch(key -> (key + ".").startsWith(name + ".")));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"RINGFENCE_JOB_CONCURRENCY, RINGFENCE_JOBS_CONCURRENCY", "RINGFENCE_CATALOGUE, RINGFENCE_CATALOG"})
    void anEnvironmentVariableThatIsNoSettingIsToldWithTheOneThatWasMeant(String wrong, String meant) {
        assertThat(UnknownVariables.of(Map.of(wrong, "do-not-show")))
                .singleElement()
                .asString()
                .contains(wrong, "did you mean " + meant + "?")
                .doesNotContain("do-not-show");
    }

    @Test
    void environmentVariablesThatSomebodyKnowsAreNotToldOf() {
        var known = Stream.of(
                        "PATH",
                        "RINGFENCE_DATA",
                        "RINGFENCE_HOME",
                        "RINGFENCE_LLAMA_PREFIX",
                        "RINGFENCE_LLAMA_SERVER",
                        "RINGFENCE_JAVA_OPTS",
                        "RINGFENCE_NO_INSTALL",
                        "RINGFENCE_URL",
                        "RINGFENCE_API_KEY",
                        "RINGFENCE_JOBS_CONCURRENCY_OF_SHELLEXEC",
                        "RINGFENCE_FILES_ROOTS_SHARED_PATH",
                        "RINGFENCE_CAPABILITIES_GIT_HOSTS_0_",
                        "RINGFENCE_SERVICE_PORT_HTTP",
                        "RINGFENCE_PORT_8080_TCP_ADDR",
                        "RINGFENCE_WEBHOOKS_ENDPOINTS_OPS_SECRET_FILE")
                .collect(Collectors.toMap(name -> name, _ -> "x"));
        known.put("RINGFENCE_PORT", "tcp://10.0.0.1:8080");

        assertThat(UnknownVariables.of(known)).isEmpty();
        assertThat(UnknownVariables.of(Map.of("RINGFENCE_PORT", "9090"))).hasSize(1);
    }

    /** It was listed like any other. */
    @ParameterizedTest
    @CsvSource({
        "ringfence.llama.srver, ringfence.llama-server",
        "ringfence.files.roots.docs.paht, ringfence.files.roots.*.path"
    })
    void aKeyThatIsNoSettingIsMarkedAndTheOneThatWasMeantIsNamed(String wrong, String meant) {
        System.setProperty(wrong, "do-not-show");
        System.setProperty("ringfence.files.roots.docs.path", "/srv");
        System.setProperty("ringfence.capabilities.git.hosts[0]", "example.org");
        try {
            var err = new StringWriter();
            var table = show(err);
            var json = show(new StringWriter(), "--json");

            assertThat(err.toString().lines())
                    .containsExactly("ringfence: " + wrong
                            + " is no setting, and a service does not start with it; did you" + " mean " + meant + "?");
            // It may be a misspelt secret.
            assertThat(table + json + err).doesNotContain("do-not-show");
            assertThat(table.lines().filter(line -> line.endsWith("(no setting)")))
                    .singleElement()
                    .asString()
                    .startsWith(wrong);
            assertThat(json.lines().filter(line -> line.contains("\"unknown\":true")))
                    .singleElement()
                    .asString()
                    .contains(wrong);
        } finally {
            System.clearProperty(wrong);
            System.clearProperty("ringfence.files.roots.docs.path");
            System.clearProperty("ringfence.capabilities.git.hosts[0]");
        }
    }

    private static String show(StringWriter err, String... more) {
        var out = new StringWriter();
        Main.commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(Stream.concat(Stream.of("config", "show"), Stream.of(more))
                        .toArray(String[]::new));
        return out.toString();
    }

    @ParameterizedTest
    @CsvSource({
        "ringfence.webhooks.endpoints.ops.secret, true",
        "ringfence.webhooks.endpoints.ops.secret-file, false",
        "ringfence.access.keys, false",
        "ringfence.jobs.concurrency-of.api-key, true",
        "ringfence.jobs.concurrency-of.signing-key, true"
    })
    void whatEndsLikeASecretIsMasked(String key, boolean masked) {
        System.setProperty(key, "4711");
        try {
            var out = new StringWriter();
            Main.commandLine().setOut(new PrintWriter(out)).execute("config", "show");

            assertThat(out.toString()).containsPattern(Pattern.quote(key) + " +" + (masked ? "\\*{8}" : "4711"));
        } finally {
            System.clearProperty(key);
        }
    }

    @Test
    void valuesComeWithTheirSourcesAndSecretsAreMasked() {
        System.setProperty("ringfence.jobs.queue", "7");
        System.setProperty("ringfence.webhooks.endpoints.ops.secret", "whsec_do-not-show");
        System.setProperty("ringfence.webhooks.endpoints.ops.url", "https://hooks.example/do-not-show");
        try {
            var out = new StringWriter();
            int code = Main.commandLine().setOut(new PrintWriter(out)).execute("config", "show");

            assertThat(code).isZero();
            assertThat(out.toString())
                    .containsPattern("ringfence.jobs.queue +7 +system property")
                    .containsPattern("ringfence.jobs.concurrency +16 +default")
                    .containsPattern("ringfence.fence.bubblewrap +not set")
                    .containsPattern("ringfence.webhooks.endpoints.ops.secret +\\*{8} +system property")
                    .doesNotContain("do-not-show");
        } finally {
            System.clearProperty("ringfence.jobs.queue");
            System.clearProperty("ringfence.webhooks.endpoints.ops.secret");
            System.clearProperty("ringfence.webhooks.endpoints.ops.url");
        }
    }
}
