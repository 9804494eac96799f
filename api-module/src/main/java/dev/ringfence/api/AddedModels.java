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
import java.util.regex.Pattern;

/**
 * The models that were added at run time, as they were asked for: a JSON array in a file, which is replaced as a whole.
 * Not for several threads.
 */
final class AddedModels {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int MOST = 1000;
    private static final long MOST_BYTES = 64L << 20;

    /** What Jackson puts before the line and column of a document that it does not show. */
    private static final Pattern PLACE_OF_NOTHING = Pattern.compile("\\[Source: [^;\\]]*; ");

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
            var array = JSON.readTree(Files.readAllBytes(file));
            if (!array.isArray()) {
                throw new IOException(array.isMissingNode() ? "it is empty" : "it holds no array of models");
            }
            for (var model : array) {
                if (!(model instanceof ObjectNode object)) {
                    throw new IOException("it holds something else than models");
                }
                models.add(object);
            }
            return new AddedModels(file, List.copyOf(models));
        } catch (NoSuchFileException e) {
            return new AddedModels(file, List.of());
        } catch (JsonProcessingException e) {
            var at = e.getLocation();
            throw unreadable(
                    file,
                    "it is no JSON"
                            + (at == null ? "" : " in line " + at.getLineNr() + ", column " + at.getColumnNr())
                            + ": "
                            + PLACE_OF_NOTHING.matcher(e.getOriginalMessage()).replaceAll("["),
                    e);
        } catch (IOException e) {
            throw unreadable(file, String.valueOf(e.getMessage()), e);
        }
    }

    private static StartupFailure unreadable(Path file, String why, IOException e) {
        return new StartupFailure(
                "the models that were added at run time cannot be read from " + file + ": " + why
                        + "; repair the file, or remove it to go on without them",
                e);
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
