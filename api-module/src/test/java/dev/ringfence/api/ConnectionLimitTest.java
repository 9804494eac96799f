package dev.ringfence.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConnectionLimitTest {
    @ParameterizedTest
    @CsvSource({
        // Half of the descriptors, and one connection for each MiB of heap.
        "700, 4000, 350",
        "20000, 256, 256",
        "1048576, 16, 64",
        "100, 4000, 64",
        "unlimited, 512, 512",
    })
    void descriptorsAndHeapBoundHowManyConnectionsThereAre(String descriptors, long mebibytes, long connections) {
        var limits = """
                Limit                     Soft Limit           Hard Limit           Units
                Max processes             10                   10                   processes
                Max open files            %-20s 5                    files
                """.formatted(descriptors);

        assertThat(ConnectionLimit.of(limits, mebibytes << 20)).isEqualTo(connections);
    }

    @Test
    void anOperatorsOwnNumberGoesBefore() {
        var config = new SmallRyeConfigBuilder()
                .addDiscoveredSources()
                .withSources(new PropertiesConfigSource(Map.of(ConnectionLimit.KEY, "7"), "test", 100));

        assertThat(config.build().getValue(ConnectionLimit.KEY, Integer.class)).isEqualTo(7);
    }

    @Test
    void withoutOneThereIsABound() {
        var config = new SmallRyeConfigBuilder().addDiscoveredSources().build();

        assertThat(config.getValue(ConnectionLimit.KEY, Integer.class)).isGreaterThanOrEqualTo(64);
    }
}
