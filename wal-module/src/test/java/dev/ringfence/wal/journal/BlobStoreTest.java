package dev.ringfence.wal.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ringfence.wal.log.MemoryDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlobStoreTest {
    @TempDir
    Path directory;

    private BlobStore store = new BlobStore(JournalFiles.of(Path.of("unset")));

    @BeforeEach
    void open() {
        store = new BlobStore(JournalFiles.of(directory));
    }

    static BlobRef write(BlobStore store, String name, byte[] bytes) throws IOException {
        try (var writer = store.write(name)) {
            writer.write(bytes, 0, bytes.length / 2);
            writer.write(bytes, bytes.length / 2, bytes.length - bytes.length / 2);
            return writer.finish();
        }
    }

    @Test
    void theSameBytesAreThereOnceAndComeBackAsTheyWere() throws IOException {
        var one = write(store, "stdout", new byte[] {1, 2, 3});
        var two = write(store, "stderr", new byte[] {1, 2, 3});

        assertThat(two.sha256()).isEqualTo(one.sha256());
        assertThat(store.total()).isEqualTo(new BlobStore.Total(1, 3));
        assertThat(store.file(two)).hasBinaryContent(new byte[] {1, 2, 3});
    }

    @Test
    void bytesThatAreNotWhatTheyWereAreNotGivenOut() throws IOException {
        var blob = write(store, "stdout", new byte[] {1, 2, 3});
        var file = store.file(blob);
        Files.write(file, new byte[] {1, 2, 4});
        assertThatThrownBy(() -> store.file(blob))
                .isInstanceOf(JournalException.BlobDamaged.class)
                .hasMessageContaining("other bytes");
        Files.write(file, new byte[] {1, 2});
        assertThatThrownBy(() -> store.file(blob)).hasMessageContaining("has 2 bytes, and had 3");
        Files.delete(file);
        assertThatThrownBy(() -> store.file(blob)).hasMessageContaining("is gone");
    }

    /** What was written anew was once thrown away for the damaged bytes, by their number. */
    @Test
    void bytesThatAreWrittenAgainMendTheDamagedOnesOfTheSameLength() throws IOException {
        var blob = write(store, "stdout", new byte[] {1, 2, 3});
        Files.write(store.file(blob), new byte[] {1, 2, 4});

        var again = write(store, "stdout", new byte[] {1, 2, 3});

        assertThat(store.file(again)).hasBinaryContent(new byte[] {1, 2, 3});
        assertThat(store.file(blob)).hasBinaryContent(new byte[] {1, 2, 3});
        assertThat(store.total()).isEqualTo(new BlobStore.Total(1, 3));
    }

    /** The event that names it is acknowledged, whoever wrote the bytes first. */
    @Test
    void aBlobThatAnEarlierProcessLeftUnderANameThatIsNotDurableIsDurableOnceItIsWrittenAgain() throws IOException {
        var disk = new MemoryDisk();
        disk.breakWith((operation, file) -> {
            if (operation == MemoryDisk.Operation.SYNC_DIRECTORY && file.endsWith("blobs")) {
                throw new IOException("Killed");
            }
        });
        assertThatThrownBy(() -> write(on(disk), "stdout", new byte[] {1, 2, 3}))
                .hasMessage("Killed");
        var next = disk.afterKill();

        var blob = write(on(next), "stdout", new byte[] {1, 2, 3});

        assertThat(on(next.afterPowerLoss(new Random(1), 0)).file(blob))
                .isEqualTo(MemoryDisk.ROOT.resolve("blobs").resolve(blob.sha256()));
    }

    private static BlobStore on(MemoryDisk disk) {
        return new BlobStore(new JournalFiles(MemoryDisk.ROOT, new DurableFiles(disk)));
    }

    @Test
    void aSweepSparesWhatIsNamedWhatIsHeldAndWhatWasFinishedMeanwhile() throws IOException {
        var named = write(store, "a", new byte[] {1});
        var held = write(store, "b", new byte[] {2});
        var left = write(store, "c", new byte[] {3});
        var meanwhile = new BlobRef[1];
        store.release(named);
        store.release(left);

        var swept = store.sweep(() -> {
            try {
                meanwhile[0] = write(store, "d", new byte[] {4});
                store.release(meanwhile[0]);
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
            return Set.of(named.sha256());
        });

        assertThat(swept).isEqualTo(new BlobStore.Total(1, 1));
        assertThat(store.file(named)).exists();
        assertThat(store.file(held)).exists();
        assertThat(store.file(meanwhile[0])).exists();
        assertThatThrownBy(() -> store.file(left)).isInstanceOf(JournalException.BlobDamaged.class);
    }

    @Test
    void whatWasGivenUpLeavesNothingBehind() throws IOException {
        var writer = store.write("stdout");
        writer.write(new byte[100], 0, 100);
        writer.close();
        writer.close();

        assertThat(directory.resolve("blobs")).isEmptyDirectory();
    }

    @Test
    void whatWasBeingWrittenWhenAnEarlierProcessEndedIsRemovedAtTheStart() throws IOException {
        var unfinished = store.write("stdout");
        unfinished.write(new byte[100], 0, 100);
        var orphan = write(store, "stdout", new byte[] {1, 2, 3});
        var journal = Files.createDirectories(directory.resolve("journal"));
        Journals.open(journal).close();
        Files.move(directory.resolve("blobs"), journal.resolve("blobs"));

        try (var open = Journals.open(journal)) {
            org.awaitility.Awaitility.await().until(() -> open.figures().blobs().count() == 0);
            assertThat(journal.resolve("blobs")).isEmptyDirectory();
            assertThatThrownBy(() -> open.blobs().file(orphan)).isInstanceOf(JournalException.BlobDamaged.class);
        }
        unfinished.close();
    }
}
