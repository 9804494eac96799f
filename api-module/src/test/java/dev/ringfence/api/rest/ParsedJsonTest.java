package dev.ringfence.api.rest;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.path.json.JsonPath;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** JSON of files and of programs, in results. */
@QuarkusTest
@TestProfile(FilesOverHttpTest.OwnRoots.class)
class ParsedJsonTest {
    private static final String HALF = "{\"\\ud800\":1}";

    private static JsonPath run(String capability, String file, String... more) {
        var job = JsonNodeFactory.instance
                .objectNode()
                .put("capability", capability)
                .put("agent", "writer");
        var arguments = job.putObject("arguments").put(capability.equals("PrintJson") ? "file" : "path", file);
        for (int i = 0; i < more.length; i += 2) {
            arguments.put(more[i], more[i + 1]);
        }
        return Api.run(job);
    }

    private static JsonPath printed(String file, String content) {
        assertThat(run("FileWrite", file, "content", content).getString("state"))
                .isEqualTo("completed");
        return run("PrintJson", file);
    }

    @Test
    void anOutputThatIsLongerThanTheResultShowsIsParsedWhole() {
        var done = printed("long.json", "[\"" + "x".repeat(500_000) + "\"]");

        assertThat(done.getBoolean("result.success")).isTrue();
        assertThat(done.getString("result.data[0]")).hasSize(500_000);
        assertThat(done.getString("result.stdout")).hasSizeLessThan(40_000);
    }

    @Test
    void anOutputThatIsTooLongToBeParsedSaysSo() {
        var done = printed("longer.json", "[\"" + "x".repeat(1 << 20) + "\"]");

        assertThat(done.getString("state")).isEqualTo("completed");
        assertThat(done.getBoolean("result.success")).isFalse();
        assertThat(done.getString("result.message")).contains("1048580 bytes", "at most 1048576");
        assertThat(done.<Object>get("result.data")).isNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"\\ud800\":1}        | surrogate",
                "[\"a\", [\"\\udc00\"]] | surrogate",
                "{\"a\":1,\"a\":2}      | Duplicate",
                "{\"\\ud800\":1,\"\\ud800\":2} | Duplicate",
                "{\"a\":1} {\"b\":2}    | Trailing"
            })
    void anOutputThatAResultCannotHoldFailsWithTheReason(String content, String reason) {
        var done = printed("odd.json", content);

        assertThat(done.getString("state")).isEqualTo("completed");
        assertThat(done.getBoolean("result.success")).isFalse();
        assertThat(done.getString("result.message")).contains(reason);
        assertThat(done.getString("result.stdout")).isEqualTo(content);
    }

    @Test
    void aFileThatAResultCannotHoldParsedIsGivenAsText() {
        assertThat(printed("half.json", HALF).getString("state")).isEqualTo("completed");

        var read = run("FileRead", "half.json");
        assertThat(read.getString("state")).isEqualTo("completed");
        assertThat(read.getString("result.content")).isEqualTo(HALF);
        assertThat(read.<Object>get("result.json")).isNull();
        assertThat(read.getString("result.json_trouble")).contains("surrogate");

        var asked = run("FileRead", "half.json", "format", "json");
        assertThat(asked.getString("state")).isEqualTo("failed");
        assertThat(asked.getString("error.type")).isEqualTo("not-json");
        assertThat(asked.getString("error.message")).contains("surrogate");
    }
}
