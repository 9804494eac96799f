package dev.ringfence.blackbox;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;

/** That the benchmarks work; what they measure in so few rounds means nothing. */
@DisabledIfSystemProperty(named = "ringfence.form", matches = "native", disabledReason = "they measure the Java form")
class BenchmarksIT {
    @Test
    void theBenchmarkOfFencesHasALineForEachGoal() throws Exception {
        var bench = new ProcessBuilder(
                        Packaged.project().resolve("src/bench/run").toString(), "fence", "--smoke")
                .redirectErrorStream(true);
        bench.environment().put("JAVA_HOME", System.getProperty("java.home"));

        var process = bench.start();
        process.getOutputStream().close();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output)
                .contains(
                        "start to exit of true : posix_spawn in C",
                        "heap of 1 GiB",
                        "ProcessBuilder",
                        "true in a fence : bwrap",
                        "capture of 1 GiB : bwrap > file",
                        "cancel to empty tree : timer in C",
                        "a job over HTTP : bwrap, p50",
                        "a job over HTTP : bwrap, p99");
    }
}
