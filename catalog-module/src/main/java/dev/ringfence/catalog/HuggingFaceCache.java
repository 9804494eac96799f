package dev.ringfence.catalog;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * This host's cache of the Hugging Face hub, as the hub's own tools lay it out: {@code models--OWNER--NAME/refs/REVISION}
 * holds a commit, and {@code snapshots/COMMIT} the files. Nothing is fetched: the service has no business with the hub.
 */
record HuggingFaceCache(Path directory) {
    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
    private static final int MOST_FILES = 1000;

    /** Where the hub's tools keep it: HF_HUB_CACHE, else below HF_HOME, else below the user's cache. */
    static HuggingFaceCache ofHost() {
        return of(System.getenv());
    }

    static HuggingFaceCache of(Map<String, String> environment) {
        var cache = environment.getOrDefault("HF_HUB_CACHE", "");
        if (!cache.isEmpty()) {
            return new HuggingFaceCache(Path.of(cache).toAbsolutePath());
        }
        var home = environment.getOrDefault("HF_HOME", "");
        if (!home.isEmpty()) {
            return new HuggingFaceCache(Path.of(home).toAbsolutePath().resolve("hub"));
        }
        var user = environment.getOrDefault("XDG_CACHE_HOME", "");
        var below = user.isEmpty()
                ? Path.of(environment.getOrDefault("HOME", "/"), ".cache")
                : Path.of(user).toAbsolutePath();
        return new HuggingFaceCache(below.resolve("huggingface/hub"));
    }

    ModelFile find(Provider.HuggingFace model) {
        var repository = directory.resolve("models--" + model.modelPath().replace("/", "--"));
        try {
            var snapshot = repository.resolve("snapshots").resolve(commit(repository, model.revision()));
            if (!Files.isDirectory(snapshot)) {
                return missing(model, "is not in the cache " + directory);
            }
            return model.file() == null ? only(model, snapshot) : named(model, snapshot, model.file());
        } catch (IOException e) {
            return missing(model, "cannot be looked for in the cache " + directory + ": " + e.getMessage());
        }
    }

    private static String commit(Path repository, String revision) throws IOException {
        if (COMMIT.matcher(revision).matches()) {
            return revision;
        }
        var ref = repository.resolve("refs").resolve(revision);
        if (!Files.isRegularFile(ref) || Files.size(ref) > 1024) {
            return "none";
        }
        var commit = Files.readString(ref).strip();
        return COMMIT.matcher(commit).matches() ? commit : "none";
    }

    private ModelFile named(Provider.HuggingFace model, Path snapshot, String name) {
        var file = snapshot.resolve(name);
        return Files.isRegularFile(file)
                ? new ModelFile.Found(file)
                : missing(model, "is in the cache " + directory + ", but without the file " + name);
    }

    private ModelFile only(Provider.HuggingFace model, Path snapshot) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(snapshot)) {
            files = all.limit(MOST_FILES)
                    .filter(file -> file.getFileName().toString().endsWith(".gguf"))
                    .sorted()
                    .toList();
        }
        if (files.size() == 1) {
            return new ModelFile.Found(files.getFirst());
        }
        return missing(
                model,
                files.isEmpty()
                        ? "is in the cache " + directory + ", but without a GGUF file"
                        : "has several GGUF files in the cache; name one of them as file: "
                                + Suggestion.list(files.stream()
                                        .map(file -> file.getFileName().toString())
                                        .toList()));
    }

    private static ModelFile.Missing missing(Provider.HuggingFace model, String what) {
        var file = model.file() == null ? "" : " " + model.file();
        return new ModelFile.Missing("%s of the Hugging Face hub %s; to fetch it: hf download %s%s --revision %s"
                .formatted(model.modelPath(), what, model.modelPath(), file, model.revision()));
    }
}
