package dev.ringfence.api.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringfence.api.RingfenceConfig;
import dev.ringfence.api.Settings;
import io.smallrye.config.ConfigMappings;
import io.smallrye.config.ConfigMappings.ConfigClass;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ConfigCommandTest {
    @Test
    void everySettingIsKnownWithItsDefault() {
        var mapping = ConfigClass.configClass(RingfenceConfig.class, "ringfence");
        var expected = new TreeMap<String, String>();
        ConfigMappings.getProperties(mapping).forEach((key, property) -> {
            if (!key.contains("*") && (property.isLeaf() || property.isPrimitive())) {
                expected.put(key, property.hasDefaultValue() ? property.getDefaultValue() : "");
            }
        });
        expected.put("quarkus.http.host", "127.0.0.1");
        expected.put("quarkus.http.port", "8080");

        assertThat(Settings.known()).isEqualTo(expected);
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
