package dev.ringfence.wal.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Takes each safeguard out of the log, and of what lies beside it, in turn, and looks whether a test notices. {@code src/bench/mutants} runs it
 * and prints the table.
 */
class MutationTest {
    private static final Path SOURCES = Path.of("src/main/java/dev/ringfence/wal/log");

    /** The quick ones first: the first that fails is enough. */
    private static final List<Class<?>> TESTS = List.of(
            FormatTest.class,
            BitFlipTest.class,
            RecoveryTest.class,
            RetentionTest.class,
            ReaderTest.class,
            FailureTest.class,
            GroupCommitTest.class,
            LockTest.class,
            ErrorTextsTest.class,
            DiskStorageTest.class,
            PowerLossTest.class,
            FaultPointsTest.class,
            SimulationTest.class);

    /** Those of what lies beside the log. */
    private static final List<String> JOURNAL_TESTS = Stream.of(
                    "DurableFilesTest",
                    "BlobStoreTest",
                    "EventCodecTest",
                    "SnapshotFileTest",
                    "SnapshotTest",
                    "RetentionTest",
                    "VerifyAndRepairTest",
                    "JournalTest",
                    "JournalFaultsTest")
            .map("dev.ringfence.wal.journal."::concat)
            .toList();

    private static final List<String> MAP_TESTS = Stream.of("DurableMapTest", "DurableMapFaultsTest")
            .map("dev.ringfence.wal.map."::concat)
            .toList();

    private static final String HUNG = "hung for ten minutes";

    @TempDir
    Path scratch;

    @Test
    void everyMutantOfTheTableCanBeMade() throws IOException {
        for (var mutant : Mutant.ALL) {
            var source = Files.readString(source(mutant));
            assertThat(mutant.applyTo(source)).as(mutant.name()).isNotEqualTo(source);
        }
    }

    @Test
    @EnabledIfSystemProperty(named = "faults", matches = "mutants")
    void everySafeguardIsMissedByATest() throws Exception {
        var survivors = new ArrayList<String>();
        var hung = new ArrayList<String>();
        int noticed = 0;
        var only = System.getProperty("faults.mutant", "");
        if (only.isEmpty()) {
            assertThat(killer(new Mutant("nothing", "Frame", "final class Frame {", "final class Frame {")))
                    .as("without any mutation")
                    .isEmpty();
        }
        for (var mutant : Mutant.ALL) {
            if (Stream.of(only.split(",")).noneMatch(mutant.name()::contains)) {
                continue;
            }
            var killer = killer(mutant);
            System.out.printf("mutant %-45s %s%n", mutant.name(), killer.isEmpty() ? "SURVIVES" : killer);
            if (killer.isEmpty()) {
                survivors.add(mutant.name());
            } else if (killer.equals(HUNG)) {
                hung.add(mutant.name());
            } else {
                noticed++;
            }
        }
        System.out.printf("%d mutants noticed by a test, %d hung: %s%n", noticed, hung.size(), hung);
        assertThat(survivors).isEmpty();
    }

    /** The test that fails, or nothing. */
    private String killer(Mutant mutant) throws Exception {
        var besideTheLog = mutant.file().startsWith("../");
        var classes = Files.createTempDirectory(scratch, "classes");
        var source = classes.resolve(source(mutant).getFileName());
        Files.writeString(source, mutant.applyTo(Files.readString(source(mutant))));
        var classPath = System.getProperty("java.class.path");
        var compiled = ToolProvider.getSystemJavaCompiler()
                .run(
                        null,
                        null,
                        null,
                        "-nowarn",
                        "-proc:none",
                        "-d",
                        classes.toString(),
                        "-cp",
                        classPath,
                        source.toString());
        if (compiled != 0) {
            throw new AssertionError("mutant '" + mutant.name() + "' does not compile");
        }
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                // The patience of all tests.
                "-Djunit.jupiter.extensions.autodetection.enabled=true",
                "-Dfaults.seeds=" + (besideTheLog ? 100 : 1000),
                "-cp",
                classes + System.getProperty("path.separator") + classPath,
                FirstFailure.class.getName()));
        if (mutant.file().startsWith("../map/")) {
            command.addAll(MAP_TESTS);
        } else if (besideTheLog) {
            command.addAll(JOURNAL_TESTS);
        } else {
            TESTS.forEach(test -> command.add(test.getName()));
        }
        var output = classes.resolve("output");
        var process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        if (!process.waitFor(10, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            return HUNG;
        }
        var said = Files.readString(output, StandardCharsets.UTF_8);
        return process.exitValue() == 0
                ? ""
                : said.lines()
                        .filter(line -> line.startsWith(FirstFailure.MARK))
                        .map(line -> line.substring(FirstFailure.MARK.length()))
                        .findFirst()
                        .orElseThrow(() -> new AssertionError(said));
    }

    private static Path source(Mutant mutant) {
        return SOURCES.resolve(mutant.file() + ".java").normalize();
    }
}
