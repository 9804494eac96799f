package dev.ringfence.runner.fence.cgroup;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.ringfence.catalog.DataSize;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.catalog.SandboxProfile.Filesystem;
import dev.ringfence.catalog.SandboxProfile.GpuAccess;
import dev.ringfence.catalog.SandboxProfile.Network;
import dev.ringfence.catalog.SandboxProfile.NetworkAccess;
import dev.ringfence.catalog.SandboxProfile.ProcessLimits;
import dev.ringfence.catalog.SandboxProfile.Resources;
import dev.ringfence.catalog.SandboxProfile.Security;
import dev.ringfence.runner.Patience;
import dev.ringfence.runner.fence.FenceReport;
import dev.ringfence.runner.fence.FenceSettings;
import dev.ringfence.runner.fence.FencedCommand;
import dev.ringfence.runner.fence.FencedProcess;
import dev.ringfence.runner.fence.FencedResult;
import dev.ringfence.runner.fence.HostFences;
import dev.ringfence.runner.fence.LimitHit;
import dev.ringfence.runner.process.OutputListener;
import dev.ringfence.runner.process.ProcessEnd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What is checked of control groups inside a kernel that has version 2 alone. Runs as a service there, once for each
 * place a service may be in, and prints a line for each check.
 */
final class Guest implements AutoCloseable {
    /** What a line of an outcome begins with. */
    static final String PASSED = "PASSED ";

    static final String FAILED = "FAILED ";

    private static final Path ROOT = Path.of("/sys/fs/cgroup");
    private static final String INSTANCE = "guest";
    private static final Duration LONG = Duration.ofMinutes(3);

    /** Where a service may be. */
    enum Place {
        /** The hierarchy's own root, whose processes nobody can move. */
        ROOT("as root, in the hierarchy's root"),
        /** A group whose processes have to go to a leaf before it can have groups with limits. */
        GROUP("as root, in a group"),
        /** As systemd gives it to a service of an ordinary user with {@code Delegate=yes}. */
        DELEGATED("as an ordinary user, in a group that is its own"),
        /** The same, without a controller of processors. */
        PARTIAL("as an ordinary user, with the controllers of memory and processes alone");

        private final String words;

        Place(String words) {
            this.words = words;
        }

        @Override
        public String toString() {
            return words;
        }
    }

    @FunctionalInterface
    private interface Check {
        void run(Guest guest) throws IOException;
    }

    /** Each check by its sentence; a place without it has no line for it. */
    private record Named(String sentence, Set<Place> places, Check check) {}

    private static final List<Named> CHECKS = List.of(
            new Named("every limit has a file of version 2", Set.of(Place.values()), Guest::reports),
            new Named(
                    "the service is where the rule against inner processes allows it",
                    Set.of(Place.values()),
                    Guest::leaf),
            new Named("a job's memory, processors and processes are counted", Set.of(Place.values()), Guest::counts),
            new Named("memory beyond the limit ends the job and is named", Set.of(Place.values()), Guest::memory),
            new Named("processes beyond the limit are refused and named", Set.of(Place.values()), Guest::processes),
            new Named(
                    "processor time beyond the limit is held back",
                    Set.of(Place.ROOT, Place.GROUP, Place.DELEGATED),
                    Guest::processors),
            new Named("what no controller can limit is watched", Set.of(Place.PARTIAL), Guest::watches),
            new Named("groups are removed", Set.of(Place.values()), Guest::removal),
            new Named("what a crash left is ended and removed", Set.of(Place.values()), Guest::sweep),
            new Named("a service that starts again in place finds its groups", Set.of(Place.values()), Guest::restart),
            new Named("a crash of a job starts no collector of core dumps", Set.of(Place.ROOT), Guest::coreDump));

    private final Place place;
    private final HostFences fence = HostFences.on(FenceSettings.of(INSTANCE));
    private int number;

    private Guest(Place place) {
        this.place = place;
    }

    static List<String> checks(Place place) {
        return CHECKS.stream()
                .filter(check -> check.places().contains(place))
                .map(Named::sentence)
                .toList();
    }

    /** Arguments: the place. */
    public static void main(String[] arguments) {
        Patience.begin();
        var place = Place.valueOf(arguments[0]);
        try (var guest = new Guest(place)) {
            for (var named : CHECKS) {
                if (named.places().contains(place)) {
                    guest.say(named);
                }
            }
        }
    }

    private void say(Named named) {
        try {
            named.check().run(this);
            System.out.println(PASSED + place.name() + " " + named.sentence());
        } catch (IOException | RuntimeException | AssertionError e) {
            System.out.println(FAILED + place.name() + " " + named.sentence() + ": "
                    + e.toString().replace('\n', ' '));
        }
    }

    private void reports() {
        var entries = fence.report(profile(1)).entries();

        assertThat(means(entries, "resources.max_memory_mb")).isEqualTo("cgroup v2 memory.max");
        assertThat(means(entries, "process_limits.max_child_processes")).isEqualTo("cgroup v2 pids.max");
    }

    private static String means(List<FenceReport.Entry> entries, String field) {
        return entries.stream()
                .filter(entry -> entry.field().equals(field))
                .findFirst()
                .orElseThrow()
                .means();
    }

    private void leaf() throws IOException {
        var own = Files.readString(Path.of("/proc/self/cgroup")).strip();

        assertThat(own).isEqualTo(place == Place.ROOT ? "0::/" : "0::/" + group() + "/ringfence-service");
    }

    private void counts() {
        var result = run("i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done", profile(1));

        assertThat(result.end()).isEqualTo(new ProcessEnd.Exited(0));
        assertThat(result.usage().memorySource()).isEqualTo("control group");
        assertThat(result.usage().peakMemoryBytes()).isPositive();
        assertThat(result.usage().cpuUser().plus(result.usage().cpuSystem())).isPositive();
        assertThat(result.limitsHit()).isEmpty();
    }

    private void memory() {
        var result = run("head -c 300M /dev/zero | tail -c 200M", profile(1));

        assertThat(result.limitsHit()).extracting(LimitHit::field).containsExactly("resources.max_memory_mb");
        assertThat(result.end()).isEqualTo(new ProcessEnd.Exited(137));
        assertThat(result.usage().peakMemoryBytes()).isLessThanOrEqualTo(64L * 1024 * 1024);
    }

    private void processes() {
        var result = run("i=0; while [ $i -lt 40 ]; do sleep 60 & i=$((i + 1)); done; exit 3", profile(1));

        assertThat(result.limitsHit())
                .extracting(LimitHit::field)
                .containsExactly("process_limits.max_child_processes");
    }

    private void processors() throws IOException {
        var process = start("busy", "while :; do :; done", profile(0.2));
        var group = groups().resolve("busy");
        await().atMost(LONG)
                .untilAsserted(() ->
                        assertThat(Files.readString(group.resolve("cpu.stat"))).containsPattern("nr_throttled [1-9]"));

        assertThat(Files.readString(group.resolve("cpu.max")).strip()).isEqualTo("20000 100000");

        process.stop();
        assertThat(process.result().await().atMost(LONG).end()).isEqualTo(new ProcessEnd.Stopped());
    }

    private void watches() {
        var report = run("true", profile(0.2)).report();

        assertThat(report.entries())
                .filteredOn(entry -> entry.field().equals("resources.max_cpu_cores"))
                .singleElement()
                .satisfies(entry -> assertThat(entry.means()).startsWith("watchdog"));
    }

    private void removal() {
        await().atMost(LONG)
                .untilAsserted(() -> assertThat(GroupFiles.children(groups())).isEmpty());
    }

    /** A process that has left everything but its group. */
    private void sweep() throws IOException {
        var left = groups().resolve("left");
        Files.createDirectory(left);
        var stray = new ProcessBuilder("sleep", "1000").start();
        GroupFiles.write(left.resolve("cgroup.procs"), Long.toString(stray.pid()));

        var _ = fence.sweep();

        stray.onExit().join();
        removal();
    }

    private void restart() {
        var again = Cgroups.find(INSTANCE);

        assertThat(again).isPresent();
        assertThat(again.get().controllers()).contains(Cgroups.Controller.MEMORY, Cgroups.Controller.PIDS);
    }

    /** The kernel starts collectors as root and outside of all fences. */
    private void coreDump() throws IOException {
        var caught = Path.of("/run/core-dump");
        Files.writeString(Path.of("/proc/sys/kernel/core_pattern"), "|/usr/bin/tee " + caught);

        var result = run("kill -ABRT $$", profile(1));

        assertThat(result.end()).isEqualTo(new ProcessEnd.Exited(128 + 6));
        assertThat(caught).doesNotExist();
    }

    private Path groups() {
        var own = place == Place.ROOT ? ROOT : ROOT.resolve(group());
        return own.resolve("ringfence-" + INSTANCE);
    }

    /** As the script that starts the places calls it. */
    private String group() {
        return place.name();
    }

    private FencedResult run(String script, SandboxProfile profile) {
        return start("job-" + ++number, script, profile).result().await().atMost(LONG);
    }

    private FencedProcess start(String name, String script, SandboxProfile profile) {
        return fence.start(
                new FencedCommand(
                        name,
                        profile,
                        List.of("/bin/sh", "-c", script),
                        Map.of("PATH", "/usr/bin:/bin"),
                        "".getBytes(UTF_8),
                        List.of(),
                        0,
                        LONG,
                        10_000),
                OutputListener.NONE);
    }

    private static SandboxProfile profile(double cores) {
        return new SandboxProfile(
                "guest",
                new Resources(DataSize.ofMegabytes(64), cores, DataSize.ofMegabytes(16), new GpuAccess.None(), 0),
                new Filesystem(List.of(), List.of(), List.of(), true, DataSize.ofMegabytes(8)),
                new ProcessLimits(16, LONG, Set.of(), 0),
                new Network(NetworkAccess.NONE, List.of(), 0),
                new Security(true, true, true, false));
    }

    @Override
    public void close() {
        fence.close();
    }
}
