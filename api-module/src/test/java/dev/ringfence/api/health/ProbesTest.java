package dev.ringfence.api.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ringfence.api.Ringfence;
import dev.ringfence.api.RingfenceConfig;
import dev.ringfence.api.job.Unwatched;
import dev.ringfence.api.journal.HealthLog;
import dev.ringfence.runner.engine.EngineLoad;
import dev.ringfence.wal.log.LogException;
import dev.ringfence.wal.log.LogObserver;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProbesTest {
    @TempDir
    Path data;

    @Test
    void aServiceWhoseLogsCanAllBeWrittenIsReady() {
        try (var service = open()) {
            assertThat(Probes.unwritable(service)).isEmpty();
        }
    }

    /** They were in the metrics alone. */
    @Test
    void howBusyTheEnginesAreIsToldAndIsNoReasonToBeDown() {
        var response = HealthCheckResponse.builder().name("checked").up();

        Probes.tell(response, new EngineLoad(1, 2, 3, 4, 5, 6, 7, 8));

        var told = response.build();
        assertThat(told.getStatus()).isEqualTo(HealthCheckResponse.Status.UP);
        assertThat(told.getData().orElseThrow())
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        "engines_ready", 1L,
                        "engines_loading", 2L,
                        "engines_failed", 3L,
                        "slots", 4L,
                        "slots_busy", 5L,
                        "requests_waiting", 6L));
    }

    /** Nobody noticed from outside: the probe asked for the journal alone. */
    @Test
    void aServiceThatCannotWriteItsSessionsIsNotReadyAndSaysWhichLogItIs() throws Exception {
        var sessions = Files.createDirectory(data.resolve("sessions"));
        assumeTrue(
                run("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", sessions.toString()),
                "a disk without room needs the right to mount one");
        var told = new CopyOnWriteArrayList<String>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord said) {
                told.add(said.getLevel().getName());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        var logger = Logger.getLogger(HealthLog.class.getName());
        logger.addHandler(handler);
        try (var service = open()) {
            assertThat(told).containsExactly("WARN");
            assertThat(Probes.unwritable(service)).get().asString().startsWith("sessions: ");
            assertThatThrownBy(() -> service.sessions()
                            .create("a", Optional.of("one"))
                            .await()
                            .atMost(Duration.ofMinutes(2)))
                    .isInstanceOfSatisfying(
                            LogException.NoSpace.class,
                            full -> assertThat(full.directory()).endsWith(Path.of("sessions")));
        } finally {
            logger.removeHandler(handler);
            run("umount", "--lazy", sessions.toString());
        }
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        var process = new ProcessBuilder(command).inheritIO().start();
        return process.waitFor(2, TimeUnit.MINUTES) && process.exitValue() == 0;
    }

    private Ringfence open() {
        var config = new SmallRyeConfigBuilder()
                .addDiscoveredConverters()
                .withMapping(RingfenceConfig.class)
                .withSources(new PropertiesConfigSource(Map.of("ringfence.data", data.toString()), "test", 100))
                .build()
                .getConfigMapping(RingfenceConfig.class);
        return Ringfence.open(config, Ringfence.Purpose.SERVICE, Unwatched.OBSERVER, LogObserver.none());
    }
}
