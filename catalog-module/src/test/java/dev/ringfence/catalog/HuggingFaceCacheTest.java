package dev.ringfence.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HuggingFaceCacheTest {
    private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    @TempDir
    Path directory;

    @Test
    void theFileOfARevisionIsFoundByTheCommitThatItMeans() throws IOException {
        var file = cached("small-q8.gguf");
        var cache = new HuggingFaceCache(directory);

        assertThat(cache.find(new Provider.HuggingFace("owner/small"))).isEqualTo(new ModelFile.Found(file));
        assertThat(cache.find(new Provider.HuggingFace("owner/small", "small-q8.gguf", COMMIT, null)))
                .isEqualTo(new ModelFile.Found(file));
    }

    @Test
    void whatIsNotThereIsToldWithTheCommandThatFetchesIt() throws IOException {
        cached("small-q8.gguf");
        var cache = new HuggingFaceCache(directory);

        assertThat(cache.find(new Provider.HuggingFace("owner/other", "x.gguf", "v2", null)))
                .isEqualTo(new ModelFile.Missing("owner/other of the Hugging Face hub is not in the cache " + directory
                        + "; to fetch it: hf download owner/other x.gguf --revision v2"));
        assertThat(cache.find(new Provider.HuggingFace("owner/small", "x.gguf", "main", null)))
                .isInstanceOfSatisfying(
                        ModelFile.Missing.class,
                        missing -> assertThat(missing.message()).contains("without the file x.gguf"));
    }

    @Test
    void ofSeveralFilesOneHasToBeNamed() throws IOException {
        cached("small-q4.gguf");
        cached("small-q8.gguf");

        assertThat(new HuggingFaceCache(directory).find(new Provider.HuggingFace("owner/small")))
                .isInstanceOfSatisfying(
                        ModelFile.Missing.class,
                        missing -> assertThat(missing.message())
                                .contains("name one of them as file: small-q4.gguf, small-q8.gguf"));
    }

    @Test
    void aRefThatIsNoCommitLeadsNowhere() throws IOException {
        cached("small-q8.gguf");
        Files.writeString(directory.resolve("models--owner--small/refs/main"), "../../../../etc");

        assertThat(new HuggingFaceCache(directory).find(new Provider.HuggingFace("owner/small")))
                .isInstanceOf(ModelFile.Missing.class);
    }

    @Test
    void theCacheIsWhereTheHubsToolsKeepIt() {
        assertThat(HuggingFaceCache.of(Map.of("HF_HUB_CACHE", "/a", "HF_HOME", "/b"))
                        .directory())
                .hasToString("/a");
        assertThat(HuggingFaceCache.of(Map.of("HF_HOME", "/b", "HOME", "/c")).directory())
                .hasToString("/b/hub");
        assertThat(HuggingFaceCache.of(Map.of("XDG_CACHE_HOME", "/x", "HOME", "/c"))
                        .directory())
                .hasToString("/x/huggingface/hub");
        assertThat(HuggingFaceCache.of(Map.of("HOME", "/c")).directory()).hasToString("/c/.cache/huggingface/hub");
    }

    private Path cached(String name) throws IOException {
        var repository = directory.resolve("models--owner--small");
        Files.createDirectories(repository.resolve("refs"));
        Files.writeString(repository.resolve("refs/main"), COMMIT + "\n");
        var snapshot = Files.createDirectories(repository.resolve("snapshots").resolve(COMMIT));
        return Files.writeString(snapshot.resolve(name), "weights");
    }
}
