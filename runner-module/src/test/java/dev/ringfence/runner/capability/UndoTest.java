package dev.ringfence.runner.capability;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.engine.LlamaForTests;
import dev.ringfence.runner.files.Backups;
import dev.ringfence.runner.files.Change;
import dev.ringfence.runner.files.CriticalFiles;
import dev.ringfence.runner.files.FilePath;
import dev.ringfence.runner.files.FileRoots;
import dev.ringfence.runner.files.FileWrites;
import dev.ringfence.runner.files.Refused;
import dev.ringfence.runner.files.Workspaces;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UndoTest {
    private static final Duration LONG = Duration.ofMinutes(2);

    @TempDir
    Path directory;

    /** The file was put back, and then the journal could not be asked: the job that was undone stayed completed for good. */
    @Test
    void aJobThatCannotBeLookedForIsNotUndoneUntilItCan() throws IOException {
        var roots = new FileRoots(
                Map.of(),
                new Workspaces(directory.resolve("workspaces"), 300_000),
                (_, _) -> true,
                directory.resolve("data"));
        var writes = new FileWrites(
                new Backups(directory.resolve("backups"), 1 << 20, Duration.ofDays(1)),
                new CriticalFiles(CriticalFiles.DEFAULTS));
        var root = roots.find(Optional.empty(), "tester", Optional.empty());
        var change = new Change(
                root,
                FilePath.parse("a.txt", root),
                "written".getBytes(StandardCharsets.UTF_8),
                Change.Mode.CREATE,
                false);
        var _ = writes.write(new FileWrites.Author("wrote", "tester", Optional.empty()), change, () -> {});
        boolean[] rebuilding = {true};
        var told = new ArrayList<String>();
        var undo = new Undo(roots, writes, new Undo.Journaled() {
            @Override
            public void require(String job) {
                if (rebuilding[0]) {
                    throw new Refused("index-rebuilding", "not now");
                }
            }

            @Override
            public void rolledBack(String job, String by, ObjectNode data) {
                told.add(job);
            }
        });

        assertThat(outcome(undo))
                .isInstanceOfSatisfying(
                        Outcome.Failed.class,
                        failed -> assertThat(failed.type()).isEqualTo("index-rebuilding"));
        assertThat(Files.readString(root.path().resolve("a.txt"))).isEqualTo("written");
        assertThat(told).isEmpty();

        rebuilding[0] = false;
        assertThat(outcome(undo)).isInstanceOf(Outcome.Completed.class);
        assertThat(root.path().resolve("a.txt")).doesNotExist();
        assertThat(outcome(undo))
                .isInstanceOfSatisfying(
                        Outcome.Failed.class,
                        failed -> assertThat(failed.type()).isEqualTo("already-undone"));
        // Each time, since it cannot know whether the first was heard.
        assertThat(told).isEqualTo(List.of("wrote", "wrote"));
    }

    private static Outcome outcome(Undo undo) {
        var arguments = JsonNodeFactory.instance.objectNode().put("job_id", "wrote");
        return undo.start(new Invocation("undo-1", "tester", arguments, LlamaForTests.profile(), LONG), (_, _) -> {})
                .outcome()
                .await()
                .atMost(LONG);
    }
}
