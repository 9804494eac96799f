package dev.ringfence.api.access;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * The file that keys are kept in: one JSON object, replaced as a whole, so that a reader sees the one before or the one
 * after.
 *
 * <pre>{"version":1,"keys":[{"id":…,"agent":…,"admin":…,"sha256":…,"created_at":…,"expires_at":…,"revoked_at":…,"note":…}]}</pre>
 */
final class KeyFile {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int VERSION = 1;
    private static final int MOST_BYTES = 16 << 20;
    private static final int HASH_BYTES = 32;

    /** A key and what proves it. */
    @SuppressWarnings("ArrayRecordComponent") // compared by MessageDigest.isEqual only
    record Entry(ApiKey key, byte[] hash) {}

    private KeyFile() {}

    /**
     * Every key, the revoked ones too.
     *
     * @throws IOException when the file cannot be read, or is not what it should be; the message says what to do
     */
    static List<Entry> read(Path file) throws IOException {
        refuseIfOthersMayWrite(file);
        var root = tree(file);
        if (root.path("version").asInt() != VERSION || !root.path("keys").isArray()) {
            throw new IOException(file + " is not a file of keys of version " + VERSION);
        }
        var entries = new ArrayList<Entry>();
        for (var node : root.get("keys")) {
            entries.add(entry(file, node));
        }
        return entries;
    }

    /** What to do about a file that the system does not let be looked at or read. */
    static IOException unreadable(Path file, IOException cause) {
        return new IOException(
                file + " cannot be read (" + cause + "): let the service's user read it and search its directories",
                cause);
    }

    private static byte[] content(Path file) throws IOException {
        try (var in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MOST_BYTES + 1);
            if (bytes.length <= MOST_BYTES) {
                return bytes;
            }
        } catch (IOException e) {
            throw unreadable(file, e);
        }
        throw new IOException(file + " has more than " + MOST_BYTES + " bytes: it is no file of keys");
    }

    private static JsonNode tree(Path file) throws IOException {
        byte[] content = content(file);
        try {
            return JSON.readTree(content);
        } catch (JsonProcessingException e) {
            throw new IOException(file + " is not JSON: " + e.getOriginalMessage(), e);
        }
    }

    /** Replaces the file; durable when it returns. */
    static void write(Path file, List<Entry> entries) throws IOException {
        var root = JsonNodeFactory.instance.objectNode().put("version", VERSION);
        var keys = root.putArray("keys");
        entries.forEach(entry -> keys.add(json(entry)));
        OwnerOnlyFile.replace(file, (root.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** Whoever may write the file could give themselves a key. */
    private static void refuseIfOthersMayWrite(Path file) throws IOException {
        var permissions = Files.getPosixFilePermissions(file);
        if (permissions.contains(PosixFilePermission.GROUP_WRITE)
                || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
            throw new IOException(file + " may be written by others than its owner ("
                    + PosixFilePermissions.toString(permissions) + "); run: chmod go-w " + file);
        }
    }

    private static Entry entry(Path file, JsonNode node) throws IOException {
        try {
            byte[] hash = HexFormat.of().parseHex(required(node, "sha256"));
            if (hash.length != HASH_BYTES) {
                throw new IllegalArgumentException("sha256 must have 64 hexadecimal digits");
            }
            return new Entry(
                    new ApiKey(
                            required(node, "id"),
                            required(node, "agent"),
                            node.path("admin").asBoolean(false),
                            node.path("note").asText(""),
                            Instant.parse(required(node, "created_at")),
                            time(node, "expires_at"),
                            time(node, "revoked_at")),
                    hash);
        } catch (IllegalArgumentException | DateTimeParseException e) {
            throw new IOException(file + " holds a key that cannot be read: " + e.getMessage(), e);
        }
    }

    private static String required(JsonNode node, String field) {
        var value = node.path(field);
        if (!value.isTextual() || value.textValue().isEmpty()) {
            throw new IllegalArgumentException(field + " is missing");
        }
        return value.textValue();
    }

    private static Optional<Instant> time(JsonNode node, String field) {
        var value = node.path(field);
        // Anything but a time must not count as none: an expired key would hold again.
        return value.isMissingNode() || value.isNull()
                ? Optional.empty()
                : Optional.of(Instant.parse(value.asText("no time")));
    }

    private static ObjectNode json(Entry entry) {
        var key = entry.key();
        var json = JsonNodeFactory.instance
                .objectNode()
                .put("id", key.id())
                .put("agent", key.agent())
                .put("admin", key.admin())
                .put("sha256", HexFormat.of().formatHex(entry.hash()))
                .put("created_at", key.createdAt().toString());
        key.expiresAt().ifPresent(at -> json.put("expires_at", at.toString()));
        key.revokedAt().ifPresent(at -> json.put("revoked_at", at.toString()));
        return json.put("note", key.note());
    }
}
