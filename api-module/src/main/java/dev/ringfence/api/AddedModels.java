package dev.ringfence.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.access.OwnerOnlyFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The models that were added at run time, as they were asked for: a JSON array in a file, which is replaced as a whole.
 * Not for several threads.
 */
final class AddedModels {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int MOST = 1000;
    private static final long MOST_BYTES = 64L << 20;

    private final Path file;
    private List<ObjectNode> models;

    private AddedModels(Path file, List<ObjectNode> models) {
        this.file = file;
        this.models = models;
    }

    /** @throws StartupFailure when there are some that cannot be read */
    static AddedModels open(Path file) {
        try {
            if (Files.exists(file) && Files.size(file) > MOST_BYTES) {
                throw new IOException("it has more than " + MOST_BYTES + " bytes");
            }
            var models = new ArrayList<ObjectNode>();
            for (var model : JSON.readTree(Files.readAllBytes(file))) {
                if (!(model instanceof ObjectNode object)) {
                    throw new IOException("it holds something else than models");
                }
                models.add(object);
            }
            return new AddedModels(file, List.copyOf(models));
        } catch (NoSuchFileException e) {
            return new AddedModels(file, List.of());
        } catch (IOException e) {
            throw new StartupFailure(
                    "the models that were added at run time cannot be read from " + file + ": " + e.getMessage()
                            + "; repair the file, or remove it to go on without them",
                    e);
        }
    }

    List<ObjectNode> all() {
        return models;
    }

    /** When this returns, the change survives a loss of power. */
    void replace(List<ObjectNode> next) {
        if (next.size() > MOST) {
            throw new CatalogChangeException.TooMany(
                    MOST + " models were added at run time, and there cannot be more; put some into the catalog file");
        }
        try {
            write(next);
            models = List.copyOf(next);
        } catch (IOException e) {
            throw new CatalogChangeException.NotKept("the change cannot be written to " + file + ": " + e, e);
        }
    }

    private void write(List<ObjectNode> next) throws IOException {
        var array = JsonNodeFactory.instance.arrayNode();
        array.addAll(next);
        OwnerOnlyFile.replace(file, bytes(array));
    }

    private static byte[] bytes(JsonNode tree) {
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(tree);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree that cannot be written", e);
        }
    }
}
