package dev.ringfence.api.access;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * API keys, of which only hashes are kept. A key is {@code rf_ID_SECRET}: the id, 12 hexadecimal digits, finds it, and
 * the secret, 256 random bits, proves it; with so many bits a plain SHA-256 cannot be turned back.
 *
 * <p>A change that another process makes to the file holds from the next look on. Thread-safe.
 */
public final class KeyStore {
    private static final Pattern FORM = Pattern.compile("rf_([0-9a-f]{12})_([A-Za-z0-9_-]{43})");
    private static final int ID_BYTES = 6;
    private static final int SECRET_BYTES = 32;

    /** Every change of the file or of who may write it changes one of these. */
    private static final String STAMP = "unix:ctime,lastModifiedTime,size,ino,dev";

    private final Path file;
    private volatile boolean seen;
    private volatile @Nullable Known known;

    /** What was read, and from which state of the file. */
    private record Known(Map<String, Object> stamp, Map<String, KeyFile.Entry> keys) {}

    /**
     * A key that has just been made.
     *
     * @param key as it is kept
     * @param secret the whole key, which nobody can tell again
     */
    public record NewKey(ApiKey key, String secret) {
        /** Without the secret. */
        @Override
        public String toString() {
            return "NewKey[" + key + "]";
        }
    }

    /**
     * A store that may still be empty.
     *
     * @param file need not exist yet
     */
    public KeyStore(Path file) {
        this.file = file;
    }

    /** Where the keys are kept. */
    public Path file() {
        return file;
    }

    /** Whether a presented credential has the form of a key. */
    static boolean looksLikeKey(String presented) {
        return presented.startsWith("rf_");
    }

    /**
     * Whether keys were ever made; revoked ones count, and so does a file that was there once or that cannot be looked
     * at: nobody may be let in for want of a right to read who may.
     */
    boolean exists() {
        try {
            // Each request asks: where nothing is there, no exception is made for it.
            return seen || (!Files.notExists(file, LinkOption.NOFOLLOW_LINKS) && stamp().isPresent());
        } catch (IOException e) {
            return true;
        }
    }

    /**
     * The key that a caller presents, if it is one and holds now.
     *
     * @throws UncheckedIOException when the file cannot be read; nobody may be let in then
     */
    Optional<ApiKey> verify(String presented) {
        var form = FORM.matcher(presented);
        if (!form.matches()) {
            return Optional.empty();
        }
        var entry = current().get(form.group(1));
        byte[] hash = sha256(presented);
        // An unknown id costs the same comparison as a known one.
        boolean proven = MessageDigest.isEqual(hash, entry == null ? new byte[hash.length] : entry.hash());
        return entry != null && proven && entry.key().holds(Instant.now())
                ? Optional.of(entry.key())
                : Optional.empty();
    }

    /**
     * All keys, in the order of their making; the revoked and expired ones too.
     *
     * @throws UncheckedIOException when the file cannot be looked at or read, or was taken away
     */
    public List<ApiKey> list() {
        return current().values().stream().map(KeyFile.Entry::key).toList();
    }

    /** Makes a key; it holds when this returns. */
    public NewKey create(String agent, boolean admin, Optional<Instant> expiresAt, String note) {
        var id = HexFormat.of().formatHex(random(ID_BYTES));
        var secret = "rf_" + id + "_" + Base64.getUrlEncoder().withoutPadding().encodeToString(random(SECRET_BYTES));
        var key = new ApiKey(
                id, agent, admin, note, Instant.now().truncatedTo(ChronoUnit.SECONDS), expiresAt, Optional.empty());
        change(entries -> {
            entries.add(new KeyFile.Entry(key, sha256(secret)));
            return entries;
        });
        return new NewKey(key, secret);
    }

    /**
     * Ends a key; it is refused when this returns.
     *
     * @return the key as it was before, empty when there is none of that id
     */
    public Optional<ApiKey> revoke(String id) {
        var before = new ArrayList<ApiKey>();
        change(entries -> {
            entries.replaceAll(entry -> {
                if (!entry.key().id().equals(id)) {
                    return entry;
                }
                before.add(entry.key());
                return entry.key().revokedAt().isPresent() ? entry : revoked(entry);
            });
            return entries;
        });
        return before.stream().findFirst();
    }

    private static KeyFile.Entry revoked(KeyFile.Entry entry) {
        var key = entry.key();
        return new KeyFile.Entry(
                new ApiKey(
                        key.id(),
                        key.agent(),
                        key.admin(),
                        key.note(),
                        key.createdAt(),
                        key.expiresAt(),
                        Optional.of(Instant.now().truncatedTo(ChronoUnit.SECONDS))),
                entry.hash());
    }

    /** One change at a time, also among processes. */
    private synchronized void change(UnaryOperator<List<KeyFile.Entry>> change) {
        try {
            Files.createDirectories(OwnerOnlyFile.parent(file));
            try (var lock = FileChannel.open(
                            file.resolveSibling(file.getFileName() + ".lock"),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE);
                    var _ = lock.lock()) {
                var entries = stamp().isPresent() ? KeyFile.read(file) : List.<KeyFile.Entry>of();
                KeyFile.write(file, change.apply(new ArrayList<>(entries)));
            }
        } catch (OverlappingFileLockException e) {
            throw new IllegalStateException("another store of this process changes " + file, e);
        } catch (IOException e) {
            throw new UncheckedIOException(e.getMessage(), e);
        }
    }

    /** As the file has them now. */
    private Map<String, KeyFile.Entry> current() {
        try {
            var stamp = stamp();
            if (stamp.isEmpty()) {
                if (seen) {
                    // They were there: someone took them away, and that must not open the service.
                    throw new IOException("the file of keys " + file + " is gone: bring it back");
                }
                return Map.of();
            }
            var last = known;
            if (last != null && last.stamp().equals(stamp.get())) {
                return last.keys();
            }
            var keys = new LinkedHashMap<String, KeyFile.Entry>();
            KeyFile.read(file).forEach(entry -> keys.put(entry.key().id(), entry));
            known = new Known(stamp.get(), keys);
            return keys;
        } catch (IOException e) {
            throw new UncheckedIOException(e.getMessage(), e);
        }
    }

    /**
     * The state of the file; empty when there is none.
     *
     * @throws IOException when that cannot be told
     */
    private Optional<Map<String, Object>> stamp() throws IOException {
        try {
            var stamp = Files.readAttributes(file, STAMP);
            seen = true;
            return Optional.of(stamp);
        } catch (NoSuchFileException e) {
            if (Files.isSymbolicLink(file)) {
                throw new IOException(
                        file + " is a link to a file that is not there; point it at one, or delete it", e);
            }
            return Optional.empty();
        } catch (IOException e) {
            throw KeyFile.unreadable(file, e);
        }
    }

    private static byte[] random(int bytes) {
        var random = new byte[bytes];
        // Not kept in a static field, which a native image would fill when it is built.
        new SecureRandom().nextBytes(random);
        return random;
    }

    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.US_ASCII));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
