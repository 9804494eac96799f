package dev.ringfence.runner.fence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JobDirectoryTest {
    @TempDir
    private Path directory;

    private Path scratch;

    @BeforeEach
    void prepare() throws IOException {
        scratch = directory.resolve("scratch");
        JobDirectory.prepare(scratch, false);
    }

    /** One that was killed in the middle of a deletion left parts of a directory beside it, whose names were in the way. */
    @Test
    void whatAKillLeftInTheMiddleOfADeletionIsRemovedAtTheNextStart() throws IOException {
        for (int i = 0; i < 20; i++) {
            Files.createDirectories(scratch.resolve("job-" + i + "/sub/deep/deeper"));
            Files.createDirectories(scratch.resolve("job-" + i + ".0/moved"));
            Files.createDirectories(scratch.resolve("job-" + i + ".1/moved"));
        }

        JobDirectory.sweep(scratch);

        assertThat(scratch).isEmptyDirectory();
    }

    @Test
    void whatCannotBeRemovedKeepsNothingElseFromIt() throws Exception {
        for (int i = 0; i < 9; i++) {
            Files.createDirectories(scratch.resolve("job-" + i + "/sub"));
        }
        var busy = scratch.resolve("job-4/sub");
        assumeTrue(
                run("mount", "-t", "tmpfs", "tmpfs", busy.toString()),
                "a directory that cannot be removed needs the right to mount something there");
        try {
            JobDirectory.sweep(scratch);

            assertThat(scratch).isDirectoryNotContaining(left -> !left.endsWith("job-4"));
            assertThat(busy).exists();
        } finally {
            run("umount", "--lazy", busy.toString());
        }
    }

    @Test
    void jobsThatStartAtOnceDoNotRemoveEachOthersDirectories() throws Exception {
        try (var threads = Executors.newFixedThreadPool(4)) {
            for (int round = 0; round < 200; round++) {
                var fresh = directory.resolve("scratch-" + round);
                var barrier = new CyclicBarrier(4);
                var made = IntStream.range(0, 4)
                        .mapToObj(job -> threads.submit(() -> {
                            barrier.await();
                            JobDirectory.prepare(fresh, false);
                            return JobDirectory.create(fresh, "job" + job, 0).path();
                        }))
                        .toList();
                for (var job : made) {
                    assertThat(job.get()).exists();
                }
            }
        }
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start()
                        .waitFor()
                == 0;
    }
}
