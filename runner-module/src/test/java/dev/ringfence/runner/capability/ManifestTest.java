package dev.ringfence.runner.capability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ManifestTest {
    private static final int CASES = Integer.getInteger("ringfence.fuzz.cases", 3000);
    private static final String GOOD = """
            [capability]
            name = "CountLines"
            description = "Counts lines"
            argv = [
              "/usr/bin/grep", "--count", "{ignore}",
              ["--max-count", "{most}"], "--label={label}", "{kind}", "--", "{word}", "{file}",
            ]
            deadline = "30s"

            [capability.parameters.word]
            type = "string"
            pattern = "[a-z-]+"

            [capability.parameters.label]
            type = "string"

            [capability.parameters.kind]
            type = "string"
            required = false

            [capability.parameters.ignore]
            type = "boolean"
            flag = "--ignore-case"

            [capability.parameters.most]
            type = "integer"
            minimum = 1
            maximum = 10
            required = false

            [capability.parameters.file]
            type = "path"
            """;

    private final Manifest manifest = ManifestReader.parse("good.toml", GOOD);

    @Test
    void wordsOfParametersThatWereNotGivenAreLeftOutWithTheirGroup() {
        assertThat(manifest.arguments(Map.of("word", "-v", "file", "/work/a", "label", "-x")))
                .containsExactly("/usr/bin/grep", "--count", "--label=-x", "--", "-v", "/work/a");
        assertThat(manifest.arguments(
                        Map.of("word", "a", "file", "/work/a", "label", "l", "ignore", "--ignore-case", "most", "3")))
                .containsExactly(
                        "/usr/bin/grep",
                        "--count",
                        "--ignore-case",
                        "--max-count",
                        "3",
                        "--label=l",
                        "--",
                        "a",
                        "/work/a");
    }

    @Test
    void aValueThatTheProgramWouldTakeForAnOptionIsRefused() {
        assertThatThrownBy(
                        () -> manifest.arguments(Map.of("word", "a", "file", "f", "label", "l", "kind", "--file=/x")))
                .isInstanceOf(InvalidArguments.class)
                .hasMessageContaining("/kind begins with \"-\"");
    }

    @Test
    void allMistakesAreToldAtOnceWithFileLineAndKey() {
        assertThatThrownBy(() -> ManifestReader.parse("bad.toml", """
                        [capability]
                        name = "lower"
                        argv = ["grep", "{nothing}"]
                        deadline = "soon"
                        colour = "red"

                        [capability.parameters.n]
                        type = "integer"
                        minimum = "x"
                        """))
                .isInstanceOfSatisfying(
                        ManifestException.class,
                        e -> assertThat(e.errors())
                                .anyMatch(error -> error.startsWith("bad.toml:2: capability.name:"))
                                .anyMatch(
                                        error -> error.startsWith("bad.toml:1: capability.description: it is missing"))
                                .anyMatch(error -> error.startsWith("bad.toml:3: capability.argv: its first item"))
                                .anyMatch(error -> error.contains("{nothing} stands for no parameter"))
                                .anyMatch(error -> error.startsWith("bad.toml:4: capability.deadline:"))
                                .anyMatch(error -> error.startsWith("bad.toml:5: capability.colour:"))
                                .anyMatch(error -> error.startsWith("bad.toml:9: capability.parameters.n.minimum:"))
                                .anyMatch(error -> error.startsWith(
                                        "bad.toml:7: capability.parameters.n: capability.argv has no")));
    }

    @Test
    void whatIsNoTomlIsRefusedWithItsLine() {
        assertThatThrownBy(() -> ManifestReader.parse("x.toml", "[capability]\nname = \n"))
                .hasMessageStartingWith("x.toml:2: it is no TOML");
    }

    @Test
    void aManifestThatWasDamagedAnywhereIsReadOrRefusedAndNothingElse() {
        var random = new Random(Long.getLong("ringfence.fuzz.seed", 1));
        int refused = 0;
        for (int i = 0; i < CASES; i++) {
            var text = new StringBuilder(GOOD);
            for (int damage = random.nextInt(4); damage >= 0; damage--) {
                int at = random.nextInt(text.length());
                switch (random.nextInt(3)) {
                    case 0 -> text.deleteCharAt(at);
                    case 1 -> text.insert(at, (char) random.nextInt(0x2500));
                    default -> text.setCharAt(at, "[]{}\"'=.\n-1".charAt(random.nextInt(11)));
                }
            }
            try {
                var _ = ManifestReader.parse("fuzz.toml", text.toString());
            } catch (ManifestException e) {
                refused++;
                assertThat(e.errors()).isNotEmpty().allMatch(error -> error.matches("(?s)fuzz\\.toml:[0-9]+: .*"));
            }
        }
        assertThat(refused).isGreaterThan(CASES / 3);
    }

    @Test
    void noValueEverBecomesAnOptionOrAnotherArgument() {
        var random = new Random(Long.getLong("ringfence.fuzz.seed", 1));
        var pieces = List.of(
                "-", "--", "=", " ", "'", "\"", "$(id)", ";", "{word}", "{file}", "\\", "\n", "a", "é", "$1", "%");
        for (int i = 0; i < CASES; i++) {
            var values = new HashMap<String, String>();
            for (var name : List.of("word", "file", "label", "kind")) {
                var value = new StringBuilder();
                for (int n = random.nextInt(5); n >= 0; n--) {
                    value.append(pieces.get(random.nextInt(pieces.size())));
                }
                values.put(name, value.toString());
            }
            try {
                assertThat(manifest.arguments(values))
                        .containsExactly(
                                "/usr/bin/grep",
                                "--count",
                                "--label=" + values.get("label"),
                                values.get("kind"),
                                "--",
                                values.get("word"),
                                values.get("file"));
                assertThat(values.get("kind")).doesNotStartWith("-");
            } catch (InvalidArguments e) {
                assertThat(values.get("kind")).startsWith("-");
            }
        }
    }
}
