package journal;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.ringfence.wal.journal.JobEvent;
import dev.ringfence.wal.journal.JobQuery;
import dev.ringfence.wal.journal.Journal;
import dev.ringfence.wal.journal.JournalOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import service.Figures;
import service.Scratch;

/**
 * How long a journal with many old jobs takes to start: with its snapshots and index, and without them, which is what each
 * start took when there were none. Prints seconds, their ratio, and how long old jobs take to be found.
 */
final class Bench {
    private static final int AT_A_TIME = 2_000;

    private Bench() {}

    /** Arguments: numbers of jobs, or {@code --smoke}. */
    public static void main(String[] arguments) throws Exception {
        var sizes = List.of(arguments).contains("--smoke")
                ? List.of("1000")
                : arguments.length == 0 ? List.of("100000") : List.of(arguments);
        System.out.println(Figures.machine());
        System.out.printf("%10s %12s %14s %8s %12s %12s %10s%n", "jobs", "log MiB", "all events s", "s", "ratio", "find ms", "page ms");
        for (var size : sizes) {
            int jobs = Integer.parseInt(size);
            var directory = Scratch.onDisk("journal-");
            try {
                generate(directory, jobs);
                measure(directory, jobs);
            } finally {
                Scratch.delete(directory);
            }
        }
    }

    private static JournalOptions options() {
        return JournalOptions.defaults().withSizes(32 << 20, 16 << 20).withRetention(Duration.ofDays(365), 1L << 40);
    }

    private static void generate(Path directory, int jobs) throws Exception {
        var room = new Semaphore(AT_A_TIME);
        var done = new CountDownLatch(jobs);
        var data = JsonNodeFactory.instance.objectNode().put("exit_code", 0).put("stdout", "x".repeat(200));
        var arguments = JsonNodeFactory.instance.objectNode().put("cmd", "echo " + "y".repeat(40));
        try (var journal = Journal.recover(directory, options()).journal()) {
            for (int i = 0; i < jobs; i++) {
                room.acquire();
                var id = id(i);
                var now = Instant.now();
                journal.append(new JobEvent.Submitted(
                                id, now, "agent-" + i % 50, "session-" + i % 1000, "ShellExec", arguments, "secure",
                                Duration.ofSeconds(60), i % 10 == 0 ? "key-" + i : null, 0))
                        .chain(() -> journal.append(new JobEvent.Started(id, now)))
                        .chain(() -> journal.append(new JobEvent.Completed(id, now, data)))
                        .subscribe()
                        .with(_ -> end(room, done), failure -> {
                            System.err.println(failure);
                            end(room, done);
                        });
            }
            done.await();
        }
    }

    private static void end(Semaphore room, CountDownLatch done) {
        room.release();
        done.countDown();
    }

    private static String id(int i) {
        return "0195f7d2-0000-7000-8000-%012d".formatted(i);
    }

    private static void measure(Path directory, int jobs) throws IOException {
        var with = new ArrayList<Double>();
        double find = 0;
        double page = 0;
        double bytes = 0;
        for (int round = 0; round < 3; round++) {
            long began = System.nanoTime();
            try (var journal = Journal.recover(directory, options()).journal()) {
                with.add(seconds(began));
                bytes = journal.figures().logBytes();
                began = System.nanoTime();
                for (int i = 0; i < 100; i++) {
                    journal.find(id((int) (i * (long) jobs / 100))).orElseThrow();
                }
                find = seconds(began) * 10;
                began = System.nanoTime();
                var list = journal.list(JobQuery.all(), OptionalLong.of(journal.lastSequence() / 2), 100);
                page = seconds(began) * 1000;
                if (list.jobs().size() != 100) {
                    throw new IllegalStateException("a page has " + list.jobs().size() + " jobs");
                }
            }
        }
        for (var beside : new String[] {"snapshots", "index"}) {
            Scratch.delete(directory.resolve(beside));
        }
        long began = System.nanoTime();
        var journal = Journal.recover(directory, options()).journal();
        double without = seconds(began);
        journal.close();
        with.sort(Comparator.naturalOrder());
        System.out.printf(
                "%10d %12.0f %14.2f %8.2f %12.1f %12.2f %10.2f%n",
                jobs, bytes / (1 << 20), without, with.get(1), without / with.get(1), find, page);
    }

    private static double seconds(long began) {
        return (System.nanoTime() - began) / 1e9;
    }
}
