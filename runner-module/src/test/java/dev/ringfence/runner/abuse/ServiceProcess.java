package dev.ringfence.runner.abuse;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.ringfence.runner.OtherJvm;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** A {@link Victim} as a process of its own, as seen by the test. */
final class ServiceProcess implements AutoCloseable {
    private static final String NOBODY = "65534";

    private final Process process;
    private final BufferedReader answers;
    private final List<Path> groups = new ArrayList<>();

    ServiceProcess(Site site, Setup setup) {
        try {
            prepare(site, setup);
            var command = new ArrayList<>(site.networks().enter());
            if (setup.root() && !setup.groups()) {
                // Its mounts are its own: what it cannot see it cannot write to.
                command.addAll(List.of("unshare", "--mount", "--propagation", "private", "/bin/sh", "-c"));
                command.addAll(List.of("umount -R /sys/fs/cgroup 2>/dev/null; exec \"$@\"", "sh"));
            }
            if (!setup.root()) {
                command.addAll(0, inGroups());
                command.addAll(List.of("setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--"));
            }
            command.addAll(OtherJvm.command(site.classPath(), Victim.class));
            command.addAll(List.of(site.directory().toString(), setup.tier().name()));
            var builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
            builder.environment().clear();
            builder.environment().put("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
            builder.environment().put(Victim.SECRET, secret(site));
            process = builder.start();
            answers = process.inputReader();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The service's own secret, which is in a file of its own too. */
    private static String secret(Site site) throws IOException {
        return Files.readString(new Surroundings(site.directory(), 0, 0).secretFile());
    }

    private void prepare(Site site, Setup setup) throws IOException {
        var around = new Surroundings(site.directory(), 0, 0);
        Files.writeString(around.secretFile(), "secret-" + UUID.randomUUID());
        var owner = setup.root() ? "0" : NOBODY;
        var _ = Commands.run("chown", "-R", owner, around.ownDirectory().toString());
        var _ = Commands.run("chmod", "700", around.ownDirectory().toString());
        if (!setup.root() && setup.groups()) {
            delegate();
        }
    }

    /** Groups that belong to the service's user, in each hierarchy that has one of its controllers. */
    private void delegate() throws IOException {
        for (var line : Files.readAllLines(Path.of("/proc/self/mountinfo"))) {
            var parts = line.split(" ", -1);
            if (!line.matches(".* - cgroup cgroup \\S*\\b(memory|pids|cpu|cpuacct|blkio)\\b.*")) {
                continue;
            }
            var group =
                    Path.of(parts[4]).resolve("abuse-" + ProcessHandle.current().pid());
            Files.createDirectories(group);
            var _ = Commands.run("chown", "-R", NOBODY, group.toString());
            groups.add(group);
        }
        assertThat(groups).as("hierarchies of control groups, version 1").isNotEmpty();
    }

    private List<String> inGroups() {
        if (groups.isEmpty()) {
            return List.of();
        }
        var script = new StringBuilder();
        groups.forEach(group -> script.append("echo $$ > ").append(group).append("/cgroup.procs; "));
        return List.of("/bin/sh", "-c", script + "exec \"$@\"", "sh");
    }

    /** Lets one hostile program loose; empty when all is well. */
    String run(String name) throws IOException {
        process.outputWriter().write(name + "\n");
        process.outputWriter().flush();
        var answer = answers.readLine();
        assertThat(answer).as("the service lives").isNotNull();
        return new ObjectMapper().readTree(answer).path("failure").asText();
    }

    /** The service finds no fault with its other job and ends. */
    void end() throws IOException {
        process.outputWriter().close();
        try {
            assertThat(process.waitFor()).isZero();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().join();
        groups.forEach(group -> group.toFile().delete());
    }
}
