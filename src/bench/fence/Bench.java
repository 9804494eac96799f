package fence;

import dev.ringfence.runner.process.OutputListener;
import dev.ringfence.runner.process.ProcessEngine;
import dev.ringfence.runner.process.Supervisor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import service.Figures;
import service.PackagedService;

/**
 * Processes and fences, each beside a peer: ours and theirs by turns in the same run, and of each the median. The engine
 * runs inside this program, in a JVM, whatever form the service has: so each part begins with rounds that do not count,
 * enough of them for the JVM to have compiled what is measured, as it is in the native form from the start.
 */
final class Bench {
    private static final String TRUE = "/bin/true";
    private static final List<String> SHELL_TRUE = List.of("/bin/sh", "-c", "true");
    private static final String TREE = "for i in 1 2 3 4 5 6 7 8; do sleep 300 & done; echo up; wait";
    private static final long GIBIBYTE = 1L << 30;
    private static final String CATALOG = """
            [slm.sandbox_profiles.bench.resources]
            max_memory_mb = 512
            max_cpu_cores = %d
            max_io_bandwidth_mbps = 0
            [slm.sandbox_profiles.bench.process_limits]
            max_child_processes = 32
            process_priority = 0
            """;
    private static final String JOB = """
            {"capability": "ShellExec", "arguments": {"cmd": "true"}, "profile": "bench"}""";

    private final boolean smoke;
    private final List<String> parts;
    private final Table table = new Table();

    private Bench(List<String> words) {
        this.smoke = words.contains("--smoke");
        this.parts = words.stream().filter(word -> !word.startsWith("--")).toList();
    }

    @FunctionalInterface
    private interface Action {
        void run() throws Exception;
    }

    @FunctionalInterface
    private interface Measured {
        long nanos() throws Exception;
    }

    /**
     * Arguments: {@code --smoke}; the parts that are wanted, of start, fence, capture, cancel and http; and
     * {@code --heap}, which the bench gives itself for what is run again with a large heap.
     */
    public static void main(String[] arguments) throws Exception {
        var words = List.of(arguments);
        if (!words.contains("--heap")) {
            facts();
            Table.head();
        }
        var bench = new Bench(words);
        try (var peer = new Peer()) {
            if (words.contains("--heap")) {
                bench.largeHeap(peer);
            } else {
                bench.all(peer);
            }
        }
    }

    private void all(Peer peer) throws Exception {
        if (wanted("start")) {
            starts(peer, "", 1.15);
            processBuilder(peer);
            heap();
        }
        try (var fenced = new Fenced()) {
            if (wanted("fence")) {
                fence(peer, fenced);
            }
            if (wanted("capture")) {
                capture(peer, fenced);
            }
            if (wanted("cancel")) {
                cancel(peer, fenced);
            }
            if (wanted("http")) {
                overHttp(peer, fenced.bubblewrapFor(SHELL_TRUE));
            }
        }
    }

    private boolean wanted(String part) {
        return parts.isEmpty() || parts.contains(part);
    }

    private void fence(Peer peer, Fenced fenced) throws Exception {
        var bare = fenced.bubblewrapFor(List.of(TRUE));
        var ours = new ArrayList<Long>();
        var theirs = new ArrayList<Long>();
        rounds(700, 200, ours, () -> timed(() -> fenced.run(List.of(TRUE))), theirs, () -> bwrap(peer, bare));
        table.times("true in a fence : bwrap", Figures.median(ours), Figures.median(theirs), 1.2);
    }

    private static long bwrap(Peer peer, List<String> argv) {
        return peer.start(Fenced.BUBBLEWRAP, argv);
    }

    private void starts(Peer peer, String suffix, double goal) throws Exception {
        var ours = new ArrayList<Long>();
        var theirs = new ArrayList<Long>();
        var request = Requests.of(TRUE);
        rounds(
                5000,
                1000,
                ours,
                () -> timed(() -> {
                    var _ = ProcessEngine.start(request, new Supervisor() {}, OutputListener.NONE)
                            .result()
                            .await()
                            .indefinitely();
                }),
                theirs,
                () -> peer.start(TRUE, List.of("true")));
        table.times(
                "start to exit of true : posix_spawn in C" + suffix, Figures.median(ours), Figures.median(theirs), goal);
    }

    private void processBuilder(Peer peer) throws Exception {
        var ours = new ArrayList<Long>();
        var theirs = new ArrayList<Long>();
        rounds(
                200,
                400,
                ours,
                () -> timed(() -> new ProcessBuilder(TRUE).start().waitFor()),
                theirs,
                () -> peer.start(TRUE, List.of("true")));
        table.times("  for the record, ProcessBuilder : the same", Figures.median(ours), Figures.median(theirs), 0);
    }

    /** The same again in a process whose heap of a gibibyte is in memory. */
    private void heap() throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-Xms1g",
                "-Xmx1g",
                "-XX:+AlwaysPreTouch",
                "-cp",
                System.getProperty("java.class.path")));
        command.add(System.getProperty("jdk.launcher.sourcefile", source()));
        command.add("--heap");
        if (smoke) {
            command.add("--smoke");
        }
        if (new ProcessBuilder(command).inheritIO().start().waitFor() != 0) {
            throw new IllegalStateException("the part with the large heap failed");
        }
    }

    private static String source() {
        return Path.of("src/bench/fence/Bench.java").toAbsolutePath().toString();
    }

    private void largeHeap(Peer peer) throws Exception {
        starts(peer, ", heap of 1 GiB", 1.15);
    }

    private void capture(Peer peer, Fenced fenced) throws Exception {
        long bytes = smoke ? 16L << 20 : GIBIBYTE;
        var program = List.of("/usr/bin/head", "-c", Long.toString(bytes), "/dev/zero");
        var bare = fenced.bubblewrapFor(program);
        var file = Files.createTempFile("ringfence-bench", ".out");
        var ours = new ArrayList<Long>();
        var theirs = new ArrayList<Long>();
        try {
            rounds(
                    3,
                    6,
                    ours,
                    () -> timed(() -> fenced.run(program)),
                    theirs,
                    () -> peer.intoFile(file, Fenced.BUBBLEWRAP, bare));
        } finally {
            Files.delete(file);
        }
        table.rates(
                "capture of 1 GiB : bwrap > file",
                bytes / (Figures.median(ours) / 1e9),
                bytes / (Figures.median(theirs) / 1e9),
                0.7);
    }

    private void cancel(Peer peer, Fenced fenced) throws Exception {
        var program = List.of("/bin/sh", "-c", TREE);
        var bare = fenced.bubblewrapFor(program);
        var ours = new ArrayList<Long>();
        var theirs = new ArrayList<Long>();
        rounds(
                100,
                60,
                ours,
                () -> {
                    var up = new CountDownLatch(1);
                    var process = fenced.start(program, (_, _) -> up.countDown());
                    up.await();
                    return timed(() -> {
                        process.stop();
                        var _ = process.result().await().indefinitely();
                    });
                },
                theirs,
                () -> peer.cancel("up", Fenced.BUBBLEWRAP, bare));
        table.times("cancel to empty tree : timer in C", Figures.median(ours), Figures.median(theirs), 2);
    }

    private void overHttp(Peer peer, List<String> bare) throws Exception {
        var ours = new ArrayList<Long>();
        var theirs = new ArrayList<Long>();
        try (var service = new PackagedService(CATALOG.formatted(Runtime.getRuntime().availableProcessors()))) {
            rounds(700, 300, ours, () -> timed(() -> job(service)), theirs, () -> bwrap(peer, bare));
        }
        table.times("a job over HTTP : bwrap, p50", Figures.median(ours), Figures.median(theirs), 1.5);
        table.times("a job over HTTP : bwrap, p99", Figures.quantile(ours, 0.99), Figures.quantile(theirs, 0.99), 2);
    }

    /** Runs {@code true} as a job and returns with its result. */
    private static void job(PackagedService service) throws IOException, InterruptedException {
        var answer = service.submit(JOB, true);
        if (answer.statusCode() != 200 || !answer.body().contains("\"exit_code\":0")) {
            throw new IllegalStateException(answer.statusCode() + " " + answer.body());
        }
    }

    /** One of each by turns; the first ones, until they run as compiled code, do not count. */
    private void rounds(
            int warmUp, int count, List<Long> ours, Measured mine, List<Long> theirs, Measured other)
            throws Exception {
        int first = smoke ? 1 : warmUp;
        int all = first + (smoke ? 2 : count);
        for (int round = 0; round < all; round++) {
            long one = mine.nanos();
            long two = other.nanos();
            if (round >= first) {
                ours.add(one);
                theirs.add(two);
            }
        }
    }

    private static long timed(Action action) throws Exception {
        long begun = System.nanoTime();
        action.run();
        return System.nanoTime() - begun;
    }

    private static void facts() throws IOException {
        var processor = Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                .filter(line -> line.startsWith("model name"))
                .findFirst()
                .map(line -> line.substring(line.indexOf(':') + 2))
                .orElse(System.getProperty("os.arch"));
        System.out.printf(
                "%s, %s, Linux %s, Java %s, service in %s form%n%n",
                processor,
                Figures.machine(),
                System.getProperty("os.version"),
                Runtime.version(),
                PackagedService.form());
    }
}
