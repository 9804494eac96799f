package fence;

import dev.ringfence.catalog.DataSize;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.catalog.SandboxProfile.Filesystem;
import dev.ringfence.catalog.SandboxProfile.GpuAccess;
import dev.ringfence.catalog.SandboxProfile.Network;
import dev.ringfence.catalog.SandboxProfile.NetworkAccess;
import dev.ringfence.catalog.SandboxProfile.ProcessLimits;
import dev.ringfence.catalog.SandboxProfile.Resources;
import dev.ringfence.catalog.SandboxProfile.Security;
import dev.ringfence.runner.fence.HostFences;
import dev.ringfence.runner.fence.FenceSettings;
import dev.ringfence.runner.fence.FencedCommand;
import dev.ringfence.runner.fence.FencedProcess;
import dev.ringfence.runner.process.OutputListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;

/** Programs in our fences, and the words that make bubblewrap build one that is the same but for the filter. */
final class Fenced implements AutoCloseable {
    static final String BUBBLEWRAP = "/usr/bin/bwrap";
    private static final Duration LONG = Duration.ofMinutes(5);

    private final HostFences fence =
            HostFences.on(FenceSettings.of("bench" + ProcessHandle.current().pid()));
    private int number;

    FencedProcess start(List<String> argv, OutputListener listener) {
        return fence.start(
                new FencedCommand(
                        "bench-" + ++number,
                        profile(),
                        argv,
                        Map.of("PATH", "/usr/bin:/bin"),
                        new byte[0],
                        List.of(),
                        0,
                        LONG,
                        1 << 20),
                listener);
    }

    void run(List<String> argv) {
        var result = start(argv, OutputListener.NONE).result().await().atMost(LONG);
        if (!result.end().toString().equals("Exited[code=0]")) {
            throw new IllegalStateException(argv + " ended with " + result);
        }
    }

    /**
     * How a fence of ours was started, for another program: what bubblewrap is told, its own name first, without the
     * descriptors that only we pass; the environment is one of them.
     */
    List<String> bubblewrapFor(List<String> program) throws IOException {
        var up = new CountDownLatch(1);
        var process = start(List.of("/bin/sh", "-c", "echo up; sleep 60"), (_, _) -> up.countDown());
        try {
            up.await();
            long parent = ProcessHandle.of(process.pid())
                    .flatMap(ProcessHandle::parent)
                    .orElseThrow()
                    .pid();
            return same(Files.readString(Path.of("/proc/" + parent + "/cmdline")), program);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        } finally {
            process.stop();
            var _ = process.result().await().atMost(LONG);
        }
    }

    private static List<String> same(String commandLine, List<String> program) {
        var words = new ArrayList<>(Arrays.asList(commandLine.split("\0")));
        for (var option : List.of("--seccomp", "--args", "--json-status-fd", "--block-fd")) {
            int at = words.indexOf(option);
            if (at >= 0) {
                words.subList(at, at + 2).clear();
            }
        }
        int end = words.lastIndexOf("--");
        words.subList(end + 1, words.size()).clear();
        words.addAll(program);
        words.set(0, "bwrap");
        return words;
    }

    private static SandboxProfile profile() {
        return new SandboxProfile(
                "bench",
                new Resources(
                        DataSize.ofMegabytes(512),
                        Runtime.getRuntime().availableProcessors(),
                        DataSize.ofMegabytes(100),
                        new GpuAccess.None(),
                        0),
                new Filesystem(List.of(), List.of(), List.of(), true, DataSize.ofMegabytes(10)),
                new ProcessLimits(32, LONG, Set.of(), 0),
                new Network(NetworkAccess.NONE, List.of(), 0),
                new Security(true, true, true, false));
    }

    @Override
    public void close() {
        fence.close();
    }
}
