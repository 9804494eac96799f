package dev.ringfence.runner.engine;

import dev.ringfence.catalog.RemoteAccess.ApiKey;
import dev.ringfence.runner.engine.EngineException.RemoteDenied;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import org.jspecify.annotations.Nullable;

/** Reads keys of remote services when they are needed, so that a changed one counts at once. No message ever has one. */
final class ApiKeys {
    private static final long MOST_BYTES = 16 * 1024;

    private ApiKeys() {}

    /**
     * Null when the service wants none.
     *
     * @throws RemoteDenied when there is none, or others than this service's user can read it
     */
    static @Nullable String read(String model, ApiKey key) {
        return switch (key) {
            case ApiKey.None _ -> null;
            case ApiKey.Environment(var variable) -> usable(model, "the variable " + variable, System.getenv(variable));
            case ApiKey.File(var path) -> usable(model, path.toString(), firstLine(model, path));
        };
    }

    private static String usable(String model, String where, @Nullable String key) {
        if (key == null || key.isBlank()) {
            throw new RemoteDenied("model %s needs a key, and there is none in %s".formatted(model, where));
        }
        var stripped = key.strip();
        if (!stripped.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
            throw new RemoteDenied(
                    "model %s needs a key, and what is in %s is none: it has blanks or other characters that no key has"
                            .formatted(model, where));
        }
        return stripped;
    }

    private static String firstLine(String model, Path path) {
        try {
            var permissions = EnumSet.noneOf(PosixFilePermission.class);
            permissions.addAll(Files.getPosixFilePermissions(path));
            permissions.removeAll(EnumSet.of(
                    PosixFilePermission.OWNER_READ,
                    PosixFilePermission.OWNER_WRITE,
                    PosixFilePermission.OWNER_EXECUTE,
                    // A group is how a mounted secret reaches a service of another user.
                    PosixFilePermission.GROUP_READ));
            if (!permissions.isEmpty()) {
                throw new RemoteDenied("the key file of model %s, %s, can be read or changed by others: chmod 600"
                        .formatted(model, path));
            }
            if (Files.size(path) > MOST_BYTES) {
                throw new RemoteDenied("the key file of model %s, %s, is too long for a key".formatted(model, path));
            }
            return Files.readString(path, StandardCharsets.UTF_8)
                    .lines()
                    .findFirst()
                    .orElse("");
        } catch (IOException e) {
            throw new RemoteDenied("the key file of model %s, %s, cannot be read: %s"
                    .formatted(model, path, e.getClass().getSimpleName()));
        }
    }
}
