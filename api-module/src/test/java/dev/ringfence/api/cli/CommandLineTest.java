package dev.ringfence.api.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.journal.Journal;
import dev.ringfence.wal.journal.JournalOptions;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class CommandLineTest {
    private record Ran(int code, String out, String err) {}

    @TempDir
    Path directory;

    @Test
    void helpListsTheCommands() {
        var ran = run("--help");

        assertThat(ran.code).isZero();
        assertThat(ran.out).contains("serve", "demo", "doctor", "catalog", "journal", "keys", "help", "Exit codes");
    }

    @Test
    void theHelpOfEachCommandHasAnExample() {
        var commands = leaves(Main.commandLine());

        assertThat(commands).hasSizeGreaterThan(25);
        assertThat(commands)
                .allSatisfy(command -> assertThat(command.getUsageMessage(CommandLine.Help.Ansi.OFF))
                        .containsPattern("Examples?: *\n? *.*ringfence " + words(command)));
    }

    /** A list of commands shows no more of each than the first line of what it is. */
    @Test
    void aListOfCommandsHasWholeSentences() {
        var commands = all(Main.commandLine()).toList();

        assertThat(commands)
                .allSatisfy(command -> assertThat(
                                command.getCommandSpec().usageMessage().description()[0])
                        .as(command.getCommandName())
                        .endsWith("."));
    }

    private static List<CommandLine> leaves(CommandLine root) {
        return all(root).filter(command -> command.getSubcommands().isEmpty()).toList();
    }

    /** But for the framework's own help. */
    private static Stream<CommandLine> all(CommandLine root) {
        return Stream.concat(
                Stream.of(root),
                root.getSubcommands().values().stream()
                        .filter(command -> !command.getCommandName().equals("help"))
                        .flatMap(CommandLineTest::all));
    }

    private static String words(CommandLine command) {
        return command.getCommandSpec().qualifiedName(" ").substring("ringfence ".length());
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "config show", "journal dump", "keys list", "completion"})
    void whatCannotBePrintedIsAFailure(String line) {
        writeJournal();
        with(
                Map.of("ringfence.data", directory.toString()),
                () -> assertThat(runOnFullDisk(line.split(" "))).isEqualTo(1));
    }

    /** It was kept, and nobody had it. */
    @Test
    void aKeyThatCannotBePrintedIsRevokedAgain() {
        with(Map.of("ringfence.data", directory.toString()), () -> {
            assertThat(runOnFullDisk("keys", "create", "--agent", "builder")).isEqualTo(1);

            assertThat(run("keys", "list").out.lines().toList())
                    .hasSize(2)
                    .last()
                    .asString()
                    .contains("builder", "revoked");
        });
    }

    /** The device takes nothing, as a full disk does not. */
    private static int runOnFullDisk(String... arguments) {
        try (var full = new FileOutputStream("/dev/full")) {
            return Main.run(new StandardOutput(full, StandardCharsets.UTF_8), arguments);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aReaderThatHasGoneWantedNoMore() throws Exception {
        writeJournal();
        int code = Main.run(
                new StandardOutput(Channels.newOutputStream(brokenPipe()), StandardCharsets.UTF_8),
                "journal",
                "dump",
                "--data",
                directory.toString());

        assertThat(code).isZero();
    }

    private static Pipe.SinkChannel brokenPipe() throws IOException {
        var pipe = Pipe.open();
        pipe.source().close();
        return pipe.sink();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "frobnicate",
                "--colour",
                "catalog",
                "journal",
                "keys",
                "keys create",
                "keys create --agent a --expires soon",
                "catalog check",
                "journal dump --jub x"
            })
    void wrongUsageIsToldInAFewWords(String line) {
        var ran = run(line.isEmpty() ? new String[0] : line.split(" "));

        assertThat(ran.code).isEqualTo(2);
        assertThat(ran.err).contains("ringfence").doesNotContain("\tat ");
        assertThat(ran.out).isEmpty();
    }

    @Test
    void theVersionIsTold() {
        var ran = run("--version");

        assertThat(ran.code).isZero();
        assertThat(ran.out).isNotBlank();
    }

    /** It was the deadline of the probe itself, 20000 ms for each. */
    @Test
    void theDoctorShowsTheTimeThatAProfileGives() {
        var ran = run("doctor");

        assertThat(ran.out)
                .contains("secure: a fence of tier")
                .containsPattern("process_limits.max_execution_time_seconds +300000 ms")
                .containsPattern("process_limits.max_execution_time_seconds +600000 ms")
                .doesNotContain(" 20000 ms");
    }

    @Test
    void aGrantOfWhatThisHostsServiceWouldNotHaveIsAWarningOfTheCheck() throws Exception {
        var manifests = Files.createDirectory(directory.resolve("manifests"));
        Files.writeString(manifests.resolve("greet.toml"), """
                [capability]
                name = "Greet"
                description = "Says hello"
                argv = ["/bin/echo", "hello"]
                """);
        var catalog = Files.writeString(directory.resolve("granted.toml"), """
                [agents.bob]
                capabilities = ["ShellExc", "Greet", "Kill"]
                roots = ["docs", "nope"]
                """);
        System.setProperty("ringfence.capabilities.directory", manifests.toString());
        System.setProperty("ringfence.files.roots.docs.path", "/srv");
        try {
            var ran = run("catalog", "check", catalog.toString());

            assertThat(ran.err).isEmpty();
            assertThat(ran.code).isZero();
            assertThat(ran.out.lines().filter(line -> line.startsWith("warning: ")))
                    .containsExactly(
                            "warning: agents.bob.capabilities = \"ShellExc\": there is no such capability; did you mean ShellExec?",
                            "warning: agents.bob.roots = \"nope\": there is no such file root; known are docs, workspace");

            Files.writeString(manifests.resolve("greet.toml"), "[capability]\n");

            assertThat(run("catalog", "check", catalog.toString()).out)
                    .contains("warning: what agents are granted was not compared, since", "capability.name");
        } finally {
            System.clearProperty("ringfence.capabilities.directory");
            System.clearProperty("ringfence.files.roots.docs.path");
        }
    }

    @Test
    void aGoodCatalogIsSummedUp() {
        var ran = run("catalog", "check", "src/test/resources/catalog.toml");

        assertThat(ran.err).isEmpty();
        assertThat(ran.code).isZero();
        assertThat(ran.out).contains("2 models", "5 sandbox profiles", "default shell");
    }

    @Test
    void aBadCatalogIsRefusedByItsKey() throws Exception {
        var catalog = Files.writeString(directory.resolve("bad.toml"), """
                [slm]
                enabled = "yes"
                default_sandbox_profile = "nobody"
                sandbox_profiles.p.process_limits.allowed_syscalls = ["opneat"]
                """);

        var ran = run("catalog", "check", catalog.toString());

        assertThat(ran.code).isEqualTo(78);
        assertThat(ran.err)
                .startsWith("ringfence: ")
                .contains("slm.enabled", "slm.default_sandbox_profile")
                .contains("slm.sandbox_profiles.p.process_limits.allowed_syscalls: unknown system call opneat")
                .doesNotContain("\tat ");
        assertThat(ran.out).isEmpty();
    }

    @Test
    void aCatalogThatIsNotThereIsNamed() {
        var ran = run("catalog", "check", directory.resolve("missing.toml").toString());

        assertThat(ran.code).isEqualTo(78);
        assertThat(ran.err).contains("missing.toml").doesNotContain("\tat ");
    }

    @Test
    void aJournalIsPrintedOneEventALine() throws Exception {
        writeJournal();

        var ran = run("journal", "dump", "--data", directory.toString());

        assertThat(ran.code).isZero();
        var lines = ran.out.lines().toList();
        assertThat(lines).hasSize(9);
        var mapper = new ObjectMapper();
        var types = new java.util.ArrayList<String>();
        for (int i = 0; i < lines.size(); i++) {
            var event = mapper.readTree(lines.get(i));
            assertThat(event.path("seq").intValue()).isEqualTo(i + 1);
            assertThat(event.path("ts").asText()).isNotEmpty();
            types.add(event.path("job").asText() + " " + event.path("type").asText());
        }
        assertThat(types)
                .containsExactly(
                        "one submitted",
                        "two submitted",
                        "one started",
                        "two started",
                        "one completed",
                        "two timed_out",
                        "three submitted",
                        "three failed",
                        "four submitted");
        var first = mapper.readTree(lines.getFirst());
        assertThat(first.path("capability").asText()).isEqualTo("ShellExec");
        assertThat(first.at("/arguments/cmd").asText()).isEqualTo("true");
        assertThat(mapper.readTree(lines.get(5)).path("limit_ms").intValue()).isEqualTo(1500);
        assertThat(mapper.readTree(lines.get(7)).path("error").asText()).isEqualTo("invalid-arguments");
    }

    @Test
    void whatIsInAJournalIsCounted() throws Exception {
        writeJournal();

        var ran = run("journal", "stats", "--data", directory.toString());

        assertThat(ran.code).isZero();
        var stats = new ObjectMapper().readTree(ran.out);
        assertThat(stats.path("last_sequence").intValue()).isEqualTo(9);
        assertThat(stats.at("/events/submitted").intValue()).isEqualTo(4);
        assertThat(stats.at("/submissions/ShellExec").intValue()).isEqualTo(4);
        assertThat(stats.path("live_jobs").toString()).isEqualTo("{\"submitted\":1}");
    }

    @Test
    void aGoodManifestIsShownAndABadOneRefusedByItsKey() throws Exception {
        var good = Files.writeString(directory.resolve("good.toml"), """
                [capability]
                name = "Greet"
                description = "Says hello"
                argv = ["/bin/echo", "hello", "{name}"]
                [capability.parameters.name]
                type = "string"
                """);
        var shown = run("capabilities", "check", good.toString());
        assertThat(shown.err).isEmpty();
        assertThat(shown.code).isZero();
        assertThat(shown.out).contains("Greet", "\"name\"", "\"string\"");

        var bad = Files.writeString(directory.resolve("bad.toml"), "[capability]\nname = \"Greet\"\ncolour = 1\n");
        var refused = run("capabilities", "check", bad.toString());
        assertThat(refused.code).isEqualTo(78);
        assertThat(refused.err).contains("colour").doesNotContain("\tat ");
    }

    @Test
    void aShellCanCompleteTheCommands() {
        var ran = run("completion");

        assertThat(ran.code).isZero();
        assertThat(ran.out).contains("ringfence", "journal", "capabilities", "--data");
    }

    @Test
    void oneJobsEventsCanBePicked() {
        writeJournal();

        var ran = run("journal", "dump", "--data", directory.toString(), "--job", "two");

        assertThat(ran.code).isZero();
        assertThat(ran.out.lines())
                .hasSize(3)
                .allSatisfy(line -> assertThat(line).contains("\"job\":\"two\""));
    }

    @Test
    void aTypeOfEventsThatDoesNotExistIsRefusedWithThoseThatDo() {
        writeJournal();

        var ran = run("journal", "dump", "--data", directory.toString(), "--type", "started,endet");

        assertThat(ran.code).isEqualTo(2);
        assertThat(ran.out).isEmpty();
        assertThat(ran.err).contains("--type", "endet", "timed_out").doesNotContain("\tat ");
    }

    @Test
    void aJournalIsReadWhileItIsWritten() {
        try (var journal = Journal.recover(directory.resolve("journal"), JournalOptions.defaults())
                .journal()) {
            append(journal, submitted("one"));

            assertThat(run("journal", "dump", "--data", directory.toString())
                            .out
                            .lines())
                    .hasSize(1);
        }
    }

    /** It once said "repaired", having ended the live job and mended nothing. */
    @Test
    void anOutputThatIsLostIsNamedAndNothingIsGivenUpForIt() throws IOException {
        var now = Instant.now();
        try (var journal = Journal.recover(directory.resolve("journal"), JournalOptions.defaults())
                .journal()) {
            var writer = journal.blobs().write("stdout");
            writer.write(new byte[] {1, 2, 3}, 0, 3);
            var blob = writer.finish();
            append(journal, submitted("one"));
            append(journal, new JobEvent.Started("one", now));
            append(journal, new JobEvent.Completed("one", now, JsonNodeFactory.instance.objectNode(), List.of(blob)));
            append(journal, submitted("live"));
            Files.write(journal.blobs().file(blob), new byte[] {1, 2, 4});
        }

        var repaired = run("journal", "repair", "--yes", "--data", directory.toString());
        var verified = run("journal", "verify", "--data", directory.toString());

        assertThat(repaired.code).isEqualTo(1);
        assertThat(repaired.out).contains("every event is intact", "job one, event 3", "stdout", "backup", "blobs");
        assertThat(verified.code).isEqualTo(1);
        assertThat(verified.out).contains("\"intact\":false", "\"lost_outputs\":1", "\"job\":\"one\"");
        assertThat(run("journal", "dump", "--data", directory.toString(), "--job", "live")
                        .out
                        .lines())
                .hasSize(1);
    }

    @Test
    void aDirectoryWithoutAJournalIsNamed() {
        var ran = run("journal", "dump", "--data", directory.resolve("nothing").toString());

        assertThat(ran.code).isEqualTo(1);
        assertThat(ran.err)
                .contains("there is no journal in", "nothing", "--data")
                .doesNotContain("\tat ");
    }

    /** A name of more than 24 characters pushed the rest of its row aside. */
    @Test
    void columnsOfKeysAreAsWideAsTheirNames() {
        with(Map.of("ringfence.data", directory.toString()), () -> {
            run("keys", "create", "--agent", "a".repeat(60), "--admin");
            run("keys", "create", "--agent", "b");

            var rows = run("keys", "list").out.lines().toList();
            int admin = rows.getFirst().indexOf("ADMIN");
            assertThat(rows.get(1).substring(admin)).startsWith("yes ");
            assertThat(rows.get(2).substring(admin)).startsWith("no ");
        });
    }

    @Test
    void keysAndJournalAreThoseOfTheSettingsAndTheFileIsNamed() {
        writeJournal();
        var keys = directory.resolve("keys.json").toString();
        with(Map.of("ringfence.data", directory.toString()), () -> {
            assertThat(run("journal", "dump").out.lines()).hasSize(9);
            assertThat(run("keys", "create", "--agent", "builder").err).contains(keys);
            var listed = run("keys", "list");
            assertThat(listed.err).contains(keys);
            assertThat(listed.out).contains("builder");
        });
        var other = directory.resolve("other.json").toString();
        with(Map.of("ringfence.data", directory.toString(), "ringfence.access.keys", other), () -> {
            assertThat(run("keys", "list").err).contains(other);
            assertThat(run("keys", "list", "--keys", keys).out).contains("builder");
        });
    }

    @ParameterizedTest
    @CsvSource({"fence.tier, landlok", "fence.first-user, 5", "fence.grace, soon", "catalog, /nowhere/catalog.toml"})
    void doctorLooksWithTheSettings(String key, String value) {
        with(Map.of("ringfence." + key, value), () -> {
            var ran = run("doctor");

            assertThat(ran.code).isEqualTo(78);
            assertThat(ran.err)
                    .contains(key.equals("catalog") ? value : "ringfence." + key)
                    .doesNotContain("\tat ");
        });
    }

    /** With these settings and no others, such as services of other tests in this process leave. */
    private static void with(Map<String, String> settings, Runnable what) {
        var others = new Properties();
        System.getProperties().forEach((key, value) -> {
            if (key.toString().startsWith("ringfence.")) {
                others.put(key, value);
            }
        });
        others.keySet().forEach(System.getProperties()::remove);
        settings.forEach(System::setProperty);
        try {
            what.run();
        } finally {
            settings.keySet().forEach(System::clearProperty);
            System.getProperties().putAll(others);
        }
    }

    private void writeJournal() {
        var data = JsonNodeFactory.instance.objectNode().put("exit_code", 0);
        var now = Instant.now();
        try (var journal = Journal.recover(directory.resolve("journal"), JournalOptions.defaults())
                .journal()) {
            List.of(
                            submitted("one"),
                            submitted("two"),
                            new JobEvent.Started("one", now),
                            new JobEvent.Started("two", now),
                            new JobEvent.Completed("one", now, data),
                            new JobEvent.TimedOut("two", now, Duration.ofMillis(1500), data, List.of()),
                            submitted("three"),
                            new JobEvent.Failed("three", now, "invalid-arguments", "/cmd is missing", data, List.of()),
                            submitted("four"))
                    .forEach(event -> append(journal, event));
        }
    }

    private static JobEvent submitted(String id) {
        return new JobEvent.Submitted(
                id,
                Instant.now(),
                "anonymous",
                "ShellExec",
                JsonNodeFactory.instance.objectNode().put("cmd", "true"),
                "secure",
                Duration.ofSeconds(60),
                null);
    }

    private static void append(Journal journal, JobEvent event) {
        journal.append(event).await().atMost(Duration.ofMinutes(2));
    }

    private static Ran run(String... arguments) {
        var out = new StringWriter();
        var err = new StringWriter();
        int code = Main.commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
        return new Ran(code, out.toString(), err.toString());
    }
}
