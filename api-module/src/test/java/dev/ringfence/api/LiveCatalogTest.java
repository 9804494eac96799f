package dev.ringfence.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringfence.catalog.CatalogException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LiveCatalogTest {
    private static final String MODEL = """
            [[slm.model_allow_lists.global_models]]
            id = "m"
            provider = { Custom = { endpoint_url = "http://127.0.0.1:1/v1" } }
            capabilities = ["Embeddings"]
            """;
    private static final String RESTRICTED = MODEL + """
            [slm.model_allow_lists.agent_model_maps]
            bob = []
            [agents.bob]
            capabilities = []
            """;

    @TempDir
    Path directory;

    /** A writer that empties the file first, and a full disk, let every agent do everything. */
    @Test
    void aFileThatWasEmptiedIsNotTakenOverAndTheRestrictionsStay() throws Exception {
        var live = open(RESTRICTED);

        Files.writeString(file(), "");

        assertThatThrownBy(live::reload).isInstanceOf(CatalogException.class).hasMessageContaining("has no key");
        assertThat(live.catalog().grants("bob").orElseThrow().allowsCapability("ShellExec"))
                .isFalse();
        assertThat(live.catalog().models()).hasSize(1);
    }

    @Test
    void whatAReloadTakesAwayAsAWholeIsAWarningUntilTheNext() throws Exception {
        var live = open(RESTRICTED);
        assertThat(live.state().warnings()).isEmpty();

        Files.writeString(file(), "[slm]\n");
        var emptied = live.reload();
        var again = live.reload();

        assertThat(emptied.warnings())
                .satisfiesExactly(
                        agents -> assertThat(agents).contains("no table [agents] any more"),
                        maps -> assertThat(maps).contains("no slm.model_allow_lists.agent_model_maps any more"),
                        models -> assertThat(models).contains("no models any more; before it there were 1"));
        assertThat(again.warnings()).isEmpty();
    }

    @Test
    void anAddedModelThatIsLeftOutIsAWarning() throws Exception {
        Files.writeString(directory.resolve("models.json"), """
                [{"id": "m", "provider": {"LocalFile": {"file_path": "/m.gguf"}}, "capabilities": ["Embeddings"],
                  "resource_requirements": {"min_memory_mb": 1}}]
                """);

        var allowed = open("[slm.model_allow_lists]\nallow_runtime_overrides = true\n" + MODEL);
        var forbidden = open(MODEL);

        assertThat(allowed.state().warnings())
                .singleElement()
                .asString()
                .contains("the model m, which was added at run time, is not used", "is already the id");
        assertThat(forbidden.state().warnings()).singleElement().asString().contains("1 models", "are not used");
    }

    /** An empty one, as a full disk leaves it, was taken for none, and the added models were gone. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "``|it is empty",
                "{}|it holds no array of models",
                "[1]|something else than models",
                "[{]|in line 1, column 3: Unexpected close marker ']': expected '}' (for Object starting at [line: 1, column: 2])"
            })
    void addedModelsThatCannotBeReadStopTheStart(String content, String why) throws Exception {
        Files.writeString(directory.resolve("models.json"), content);

        assertThatThrownBy(() -> open(MODEL))
                .isInstanceOf(StartupFailure.class)
                .hasMessageContaining(why)
                .hasMessageContaining("repair the file, or remove it")
                .hasMessageNotContaining("REDACTED");
    }

    private LiveCatalog open(String toml) throws IOException {
        Files.writeString(file(), toml);
        return LiveCatalog.open(Optional.of(file()), AddedModels.open(directory.resolve("models.json")));
    }

    private Path file() {
        return directory.resolve("catalog.toml");
    }
}
