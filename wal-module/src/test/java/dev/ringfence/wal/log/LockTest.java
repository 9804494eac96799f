package dev.ringfence.wal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LockTest {
    @TempDir
    Path directory;

    @Test
    void aSecondLogInTheSameProcessIsRefused() {
        try (var _ = Logs.open(directory)) {
            assertLockedBy(ProcessHandle.current().pid());
            assertLockedBy(ProcessHandle.current().pid());
        }
        assertThat(Logs.recover(directory).texts()).isEmpty();
    }

    @Test
    void aLogInUseByAnotherProcessIsRefusedAndStaysLockedAfterTheAttempt() throws Exception {
        try (var child = Child.start(AppendingChild.class, directory.toString(), "1")) {
            child.line();
            assertLockedBy(child.pid());
            assertLockedBy(child.pid());
        }
        assertThat(Logs.recover(directory).texts()).isNotEmpty();
    }

    @Test
    void aRefusedAttemptInTheSameProcessDoesNotLetAnotherProcessIn() throws Exception {
        try (var _ = Logs.open(directory)) {
            assertLockedBy(ProcessHandle.current().pid());
            try (var child = Child.start(AppendingChild.class, directory.toString(), "1")) {
                assertThat(child.line()).contains("LogException$Locked").contains(directory.toString());
            }
        }
    }

    @Test
    void aMissingDirectoryIsMade() {
        var deep = directory.resolve("a/b/c");
        Logs.write(deep, "record");
        assertThat(Logs.recover(deep).texts()).containsExactly("record");
    }

    @Test
    void eachDirectoryThatWasMadeIsSyncedInTheOneAboveIt() throws IOException {
        var storage = new FaultyStorage();
        var synced = new ArrayList<Path>();
        storage.breakWith((operation, file) -> {
            if (operation == FaultyStorage.Operation.SYNC_DIRECTORY) {
                synced.add(file);
            }
        });
        DirectoryLock.acquire(directory.resolve("a/b"), storage).close();

        assertThat(synced).startsWith(directory.resolve("a"), directory);
    }

    @Test
    void aDirectoryThatAnEarlierStartMadeIsSyncedInTheOneAboveItUntilThereIsASegment() throws IOException {
        var storage = new FaultyStorage();
        var synced = new ArrayList<Path>();
        storage.breakWith((operation, file) -> {
            if (operation == FaultyStorage.Operation.SYNC_DIRECTORY) {
                synced.add(file);
            }
        });
        var made = Files.createDirectory(directory.resolve("made"));
        DirectoryLock.acquire(made, storage).close();
        assertThat(synced).startsWith(directory);

        Logs.write(made, "record");
        synced.clear();
        DirectoryLock.acquire(made, storage).close();
        assertThat(synced).isEmpty();
    }

    @Test
    void aDirectoryThatCannotBeMadeIsNamedWithTheRemedy() throws IOException {
        var file = Files.writeString(directory.resolve("file"), "in the way");
        for (var path : new Path[] {file, file.resolve("journal")}) {
            assertThatThrownBy(() -> Logs.open(path))
                    .isInstanceOf(LogException.UnwritableDirectory.class)
                    .hasMessageContaining(path.toString())
                    .hasMessageContaining("choose another directory");
        }
    }

    private void assertLockedBy(long pid) {
        assertThatThrownBy(() -> Logs.open(directory))
                .isInstanceOf(LogException.Locked.class)
                .hasMessageContaining("The log in " + directory + " is in use by process " + pid + ".");
    }
}
