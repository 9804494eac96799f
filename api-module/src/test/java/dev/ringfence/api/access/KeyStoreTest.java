package dev.ringfence.api.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeyStoreTest {
    @TempDir
    Path directory;

    private Path file;
    private KeyStore keys;

    @BeforeEach
    void open() {
        file = directory.resolve("keys.json");
        keys = new KeyStore(file);
    }

    @Test
    void aNewKeyProvesItsAgent() {
        var made = keys.create("builder", false, Optional.empty(), "");

        assertThat(keys.verify(made.secret())).contains(made.key());
        assertThat(made.key().agent()).isEqualTo("builder");
    }

    @Test
    void aKeyHoldsInAStoreThatAnotherProcessOpened() {
        var running = new KeyStore(file);
        assertThat(running.exists()).isFalse();

        var made = keys.create("builder", true, Optional.empty(), "");

        assertThat(running.exists()).isTrue();
        assertThat(running.verify(made.secret())).contains(made.key());
        var _ = keys.revoke(made.key().id());
        assertThat(running.verify(made.secret())).isEmpty();
    }

    @Test
    void noPartOfAnotherKeyOpensAnything() {
        var made = keys.create("builder", false, Optional.empty(), "");
        var other = keys.create("other", true, Optional.empty(), "");
        var secret = made.secret();

        assertThat(keys.verify(secret.substring(0, secret.length() - 1))).isEmpty();
        assertThat(keys.verify(secret + "A")).isEmpty();
        assertThat(keys.verify("rf_" + made.key().id() + "_" + "A".repeat(43))).isEmpty();
        assertThat(keys.verify("rf_" + other.key().id() + secret.substring(15))).isEmpty();
        assertThat(keys.verify("rf_000000000000_" + "A".repeat(43))).isEmpty();
        assertThat(keys.verify("")).isEmpty();
    }

    @Test
    void theFileHasNoSecretAndIsItsOwnersAlone() throws IOException {
        var made = keys.create("builder", false, Optional.empty(), "for the build");

        assertThat(Files.readString(file)).doesNotContain(made.secret().substring(16));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(made.toString()).doesNotContain(made.secret());
    }

    @Test
    void anExpiredKeyIsRefused() {
        var past = keys.create("a", false, Optional.of(Instant.now().minusSeconds(1)), "");
        var future = keys.create("b", false, Optional.of(Instant.now().plus(Duration.ofHours(1))), "");

        assertThat(keys.verify(past.secret())).isEmpty();
        assertThat(keys.verify(future.secret())).isPresent();
    }

    @Test
    void revokingTwiceKeepsTheFirstTime() {
        var made = keys.create("a", false, Optional.empty(), "");

        assertThat(keys.revoke(made.key().id()).orElseThrow().revokedAt()).isEmpty();
        var first = keys.list().getFirst().revokedAt();
        assertThat(keys.revoke(made.key().id()).orElseThrow().revokedAt()).isEqualTo(first);
        assertThat(keys.list().getFirst().revokedAt()).isEqualTo(first);
        assertThat(keys.revoke("000000000000")).isEmpty();
    }

    @Test
    void aFileThatOthersMayWriteLetsNobodyIn() throws IOException {
        var made = keys.create("a", false, Optional.empty(), "");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw----"));

        assertThatThrownBy(() -> new KeyStore(file).verify(made.secret()))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("chmod go-w");
    }

    @Test
    void aDamagedFileLetsNobodyIn() throws IOException {
        var made = keys.create("a", false, Optional.empty(), "");
        for (var damaged : new String[] {
            "",
            "{",
            "{}",
            "{\"version\":2,\"keys\":[]}",
            "{\"version\":1,\"keys\":[{\"id\":\"x\"}]}",
            Files.readString(file).replaceAll("\"sha256\" : \"..", "\"sha256\" : \""),
            Files.readString(file).replace("\"note\"", "\"expires_at\" : \"soon\", \"note\""),
            Files.readString(file).replace("\"note\"", "\"revoked_at\" : 7, \"note\"")
        }) {
            Files.writeString(file, damaged);

            assertThatThrownBy(() -> new KeyStore(file).verify(made.secret()))
                    .as(damaged)
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining(file.toString());
        }
    }

    @Test
    void aFileThatWasTakenAwayDoesNotOpenTheService() throws IOException {
        var made = keys.create("a", false, Optional.empty(), "");
        assertThat(keys.verify(made.secret())).isPresent();
        Files.delete(file);

        assertThat(keys.exists()).isTrue();
        assertThatThrownBy(() -> keys.verify(made.secret())).hasMessageContaining("is gone");
    }

    @Test
    void aFileThatWasTakenAwayBeforeAnyKeyWasPresentedDoesNotOpenTheService() throws IOException {
        var made = keys.create("a", false, Optional.empty(), "");
        var running = new KeyStore(file);
        assertThat(running.exists()).isTrue();
        Files.delete(file);

        assertThat(running.exists()).isTrue();
        assertThatThrownBy(() -> running.verify(made.secret())).hasMessageContaining("is gone");
    }

    @Test
    void aFileThatCannotBeLookedAtIsNoMissingFile() throws IOException {
        var loop = directory.resolve("loop");
        Files.createSymbolicLink(loop, loop);
        var nowhere = Files.createSymbolicLink(directory.resolve("link"), directory.resolve("not-there"));

        for (var unknown : List.of(loop, loop.resolve("keys.json"), nowhere)) {
            var store = new KeyStore(unknown);

            assertThat(store.exists()).as("%s", unknown).isTrue();
            assertThatThrownBy(store::list)
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining(unknown.toString());
            assertThatThrownBy(() -> Access.of(unknown, Optional.empty())).isInstanceOf(UncheckedIOException.class);
        }
    }

    @Test
    void rightsThatOthersGetLaterLetNobodyIn() throws IOException {
        var made = keys.create("a", false, Optional.empty(), "");
        assertThat(keys.verify(made.secret())).isPresent();
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));

        assertThatThrownBy(() -> keys.verify(made.secret())).hasMessageContaining("chmod go-w");

        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        assertThat(keys.verify(made.secret())).isPresent();
    }

    @Test
    void keysMadeAtTheSameTimeAreAllKept() throws Exception {
        int count = 40;
        try (var threads = Executors.newFixedThreadPool(4)) {
            var made = new ArrayList<Future<String>>();
            for (int i = 0; i < count; i++) {
                var agent = "agent-" + i;
                made.add(threads.submit(
                        () -> keys.create(agent, false, Optional.empty(), "").secret()));
            }
            var secrets = new HashSet<String>();
            for (var secret : made) {
                secrets.add(secret.get());
            }
            assertThat(secrets)
                    .hasSize(count)
                    .allSatisfy(secret -> assertThat(keys.verify(secret)).isPresent());
        }
    }
}
