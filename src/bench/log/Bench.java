package log;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import service.Figures;
import service.Scratch;

/**
 * Durable appends a second, and their delays, against what the disk does (fio), against SQLite and against etcd, all on
 * one file system and in turns; and the speed of a recovery against reading the same bytes.
 *
 * <p>Every writer has one record under way. A goal is a ratio, so that it means the same on another disk.
 */
public final class Bench {
    private static final int[] WRITERS = {1, 8, 64, 256};
    private static final int[] SIZES = {256, 4096};
    private static final int ROUNDS = 5;

    private final Path scratch;
    private final double seconds;
    private final int[] writers;
    private int missed;

    private Bench(Path scratch, boolean smoke) {
        this.scratch = scratch;
        seconds = smoke ? 0.3 : Double.parseDouble(System.getProperty("seconds", "3"));
        writers = smoke ? new int[] {1, 8} : WRITERS;
    }

    public static void main(String[] arguments) throws Exception {
        var options = List.of(arguments);
        try {
            Programs.run("fio", "--version");
        } catch (IOException e) {
            System.err.println("missing: fio; to install: apt-get install fio");
            System.exit(69);
        }
        var scratch = Scratch.onDisk("log-");
        try {
            var bench = new Bench(scratch, options.contains("--smoke"));
            bench.facts();
            if (!options.contains("recovery")) {
                bench.appends();
            }
            if (!options.contains("appends")) {
                bench.recovery(options.contains("--smoke") ? 32 : 512);
            }
            System.out.println();
            System.out.println(bench.missed == 0 ? "all goals met" : bench.missed + " goals missed");
        } finally {
            Scratch.delete(scratch);
        }
        System.exit(0);
    }

    private void facts() throws Exception {
        System.out.println("# The log");
        System.out.println();
        System.out.println(Figures.machine() + ", kernel " + System.getProperty("os.version") + ", Java "
                + System.getProperty("java.vm.version"));
        System.out.println("file system: "
                + Programs.run("df", "--output=fstype,source", scratch.toString()).lines().skip(1).findFirst().orElse("?"));
        System.out.println();
    }

    private void appends() throws Exception {
        System.out.println("appends a second, (p99 in ms), and how many times the peer's: median (least-most) of "
                + ROUNDS + " rounds");
        System.out.println("disk: fio's fdatasyncs of as many bytes, times the writers: every sync carries all who wait");
        System.out.println();
        System.out.printf(
                "%5s %4s %16s %24s %24s %24s  %s%n", "bytes", "wr", "ringfence", "disk", "sqlite", "etcd", "verdict");
        for (var size : SIZES) {
            for (var count : writers) {
                row(size, count);
            }
        }
    }

    /** Rounds, each with everyone in it, as a disk's speed may change from one second to the next; medians count. */
    private void row(int size, int count) throws Exception {
        var payload = new byte[size];
        new java.util.Random(1).nextBytes(payload);
        var ours = new ArrayList<Double>();
        var p99 = new ArrayList<Double>();
        var disk = new Peer("disk", count == 1 ? 0.9 : 0.8);
        var sqlite = new Peer("sqlite", 3);
        var etcd = new Peer("etcd", 1);
        var slice = seconds / ROUNDS;
        for (int i = 0; i < ROUNDS; i++) {
            var before = Programs.fdatasyncs(scratch, count * (size + 32L), slice);
            Load.Result result;
            try (var log = new RingfenceTarget(fresh("log"), payload)) {
                result = Load.run(log, count, slice);
            }
            var after = Programs.fdatasyncs(scratch, count * (size + 32L), slice);
            ours.add(result.perSecond());
            p99.add(result.p99Micros() / 1e3);
            disk.add(result.perSecond(), count * (before + after) / 2);
            var other = Sqlite.run(fresh("sqlite"), payload, count, slice);
            if (other != null) {
                sqlite.add(result.perSecond(), other.perSecond());
            }
            other = Etcd.run(fresh("etcd"), payload, count, slice);
            if (other != null) {
                etcd.add(result.perSecond(), other.perSecond());
            }
        }
        var verdict = verdict(disk) + verdict(sqlite) + verdict(etcd);
        System.out.printf(
                "%5d %4d %16s %24s %24s %24s  %s%n",
                size,
                count,
                "%.0f (%.1f)".formatted(median(ours), median(p99)),
                disk,
                sqlite,
                etcd,
                verdict.isEmpty() ? "met" : verdict.strip());
    }

    /** Whom we are compared with, round by round. */
    private static final class Peer {
        private final String name;
        private final double goal;
        private final List<Double> rates = new ArrayList<>();
        private final List<Double> ratios = new ArrayList<>();

        Peer(String name, double goal) {
            this.name = name;
            this.goal = goal;
        }

        void add(double ours, double theirs) {
            rates.add(theirs);
            ratios.add(ours / theirs);
        }

        @Override
        public String toString() {
            return rates.isEmpty()
                    ? "not installed"
                    : "%.0f %.2fx (%.2f-%.2f)"
                            .formatted(
                                    median(rates),
                                    median(ratios),
                                    ratios.stream().min(Double::compare).orElseThrow(),
                                    ratios.stream().max(Double::compare).orElseThrow());
        }
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }

    private String verdict(Peer peer) {
        return peer.ratios.isEmpty() ? "" : verdict(peer.name, median(peer.ratios), peer.goal);
    }

    private String verdict(String peer, double ratio, double goal) {
        if (ratio >= goal) {
            return "";
        }
        missed++;
        return "MISSED %s %.2f of %.1f ".formatted(peer, ratio, goal);
    }

    private void recovery(int megabytes) throws Exception {
        System.out.println();
        System.out.println("recovery of " + megabytes + " MiB that are not in memory, in MiB/s, against reading them");
        System.out.println();
        System.out.printf("%5s %12s %12s %8s  %s%n", "bytes", "read", "recovered", "ratio", "verdict");
        for (var size : SIZES) {
            var directory = fresh("recovery");
            RingfenceTarget.fill(directory, size, megabytes);
            var read = Double.MAX_VALUE;
            var recovered = Double.MAX_VALUE;
            // The first round warms up the code; of the others the best counts, for both alike.
            for (int i = 0; i < 4; i++) {
                var reading = Programs.readCold(directory);
                Programs.forget(directory);
                var recovering = RingfenceTarget.recover(directory);
                read = Math.min(read, reading);
                recovered = Math.min(recovered, recovering);
            }
            var ratio = read / recovered;
            System.out.printf(
                    "%5d %12.0f %12.0f %8.2f  %s%n",
                    size,
                    megabytes / read,
                    megabytes / recovered,
                    ratio,
                    ratio >= 0.8 ? "met" : verdict("read", ratio, 0.8).strip());
        }
    }

    private Path fresh(String name) throws IOException {
        var directory = scratch.resolve(name);
        Scratch.delete(directory);
        return Files.createDirectories(directory);
    }
}
