package dev.ringfence.runner.abuse;

import java.io.IOException;
import java.util.List;

/**
 * Two network namespaces, joined: one for the service, and one that stands for everything outside, a cloud's metadata
 * service among it. Nothing that is sent there can leave the machine.
 */
final class Networks implements AutoCloseable {
    private static final long NUMBER = ProcessHandle.current().pid();
    private final String inside = "rfi" + NUMBER;
    private final String outside = "rfo" + NUMBER;
    private final Process server;

    Networks(String program) throws IOException {
        ip("netns add " + inside);
        ip("netns add " + outside);
        ip("-n " + inside + " link add " + inside + " type veth peer name " + outside + " netns " + outside);
        ip("-n " + inside + " link set lo up");
        ip("-n " + inside + " addr add 203.0.113.1/24 dev " + inside);
        ip("-n " + inside + " link set " + inside + " up");
        ip("-n " + inside + " route add " + Surroundings.METADATA + "/32 dev " + inside);
        ip("-n " + outside + " link set lo up");
        ip("-n " + outside + " addr add " + Surroundings.OUTSIDE + "/24 dev " + outside);
        ip("-n " + outside + " addr add " + Surroundings.METADATA + "/32 dev " + outside);
        ip("-n " + outside + " link set " + outside + " up");
        server = new ProcessBuilder(
                        "nsenter", "--net=/run/netns/" + outside, program, "serve-tcp", "0", Surroundings.OUTSIDE_PORT)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        if (!"listening".equals(server.inputReader().readLine())) {
            throw new IOException("nothing serves in the network namespace " + outside);
        }
    }

    /** What a command begins with to run in the service's network. */
    List<String> enter() {
        return List.of("nsenter", "--net=/run/netns/" + inside);
    }

    private static void ip(String arguments) {
        var _ = Commands.run(("ip " + arguments).split(" ", -1));
    }

    @Override
    public void close() {
        server.destroyForcibly();
        ip("netns delete " + inside);
        ip("netns delete " + outside);
    }
}
