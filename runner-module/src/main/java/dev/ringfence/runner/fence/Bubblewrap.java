package dev.ringfence.runner.fence;

import dev.ringfence.runner.fence.TierPlan.Mount;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Says a plan in bubblewrap's words (bwrap(1), 0.8 and newer). */
final class Bubblewrap {
    /** Sets the job's user inside the fence when the service is root: part of util-linux. */
    static final Path SETPRIV = Path.of("/usr/bin/setpriv");

    /** Where a program starts that has no other place. */
    private static final Path TEMPORARY = Path.of("/tmp");

    /** Behind standard input and output, the seccomp program and the environment: what profiles give, in the order of the mounts. */
    private static final int FIRST_GIVEN = 5;

    private static final String NOBODY = "65534";

    private Bubblewrap() {}

    /**
     * The arguments, the program's own name first. The seccomp program is read from descriptor 3, and from
     * descriptor 4 the {@link #environment}.
     *
     * @param name what shows as the process's name, so that it is found again after a crash of the service
     * @param tier of the plan
     * @param user the job's user; only for a service that runs as root
     * @param devices the nodes of the GPU that it was lent
     */
    static List<String> argv(
            String name,
            FencePlan plan,
            TierPlan.Namespaces tier,
            boolean root,
            int user,
            List<Path> devices,
            FencedCommand command,
            int statusFd,
            int gateFd) {
        var argv = new ArrayList<String>();
        argv.add(name);
        argv.addAll(List.of("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"));
        if (!plan.network().shared()) {
            argv.add("--unshare-net");
        }
        argv.addAll(List.of("--die-with-parent", "--new-session", "--hostname", "ringfence", "--cap-drop", "ALL"));
        if (root) {
            // Real root mounts, without a user namespace; setpriv inside needs these three to give them up for good.
            for (var capability : List.of("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")) {
                argv.addAll(List.of("--cap-add", capability));
            }
        } else {
            argv.addAll(List.of("--unshare-user", "--uid", NOBODY, "--gid", NOBODY));
        }
        int given = FIRST_GIVEN;
        for (var mount : tier.mounts()) {
            if (mount instanceof Mount.Given(Path path, Path _, boolean writable)) {
                argv.addAll(
                        List.of(writable ? "--bind-fd" : "--ro-bind-fd", Integer.toString(given++), path.toString()));
            } else {
                if (mount.equals(new Mount.Sealed(Path.of("/dev")))) {
                    plan.gpus().ifPresent(found -> devices.forEach(node -> device(argv, found, node)));
                }
                mount(argv, mount);
            }
        }
        argv.addAll(List.of("--clearenv", "--args", "4"));
        argv.addAll(List.of(
                "--chdir", command.workplace().directory().orElse(TEMPORARY).toString(), "--seccomp", "3"));
        argv.addAll(List.of("--json-status-fd", Integer.toString(statusFd), "--block-fd", Integer.toString(gateFd)));
        argv.add("--");
        if (root) {
            String id = Integer.toString(user);
            argv.addAll(List.of(SETPRIV.toString(), "--reuid", id, "--regid", id));
            if (tier.groups().isEmpty()) {
                argv.add("--clear-groups");
            } else {
                argv.add("--groups");
                argv.add(tier.groups().stream().map(String::valueOf).collect(Collectors.joining(",")));
            }
            argv.addAll(List.of("--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--no-new-privs"));
            argv.add("--");
        }
        argv.addAll(command.argv());
        return argv;
    }

    /** Arguments that everybody on the host could read in the process's command line, which NUL ends. */
    static byte[] environment(FencePlan plan, FencedCommand command) {
        var environment = new HashMap<>(plan.network().environment());
        environment.putAll(command.environment());
        var arguments = new StringBuilder();
        for (Map.Entry<String, String> variable : environment.entrySet()) {
            for (var word : List.of("--setenv", variable.getKey(), variable.getValue())) {
                arguments.append(word).append('\0');
            }
        }
        return arguments.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void device(List<String> argv, Gpus.Found found, Path node) {
        var inside = Path.of("/dev").resolve(found.devices().relativize(node));
        var parent = inside.getParent();
        if (parent != null && parent.getNameCount() > 1) {
            argv.addAll(List.of("--perms", "0755", "--dir", parent.toString()));
        }
        argv.addAll(List.of("--dev-bind", node.toString(), inside.toString()));
    }

    private static void mount(List<String> argv, Mount mount) {
        switch (mount) {
            case Mount.Directory(Path path) -> argv.addAll(List.of("--perms", "0755", "--dir", path.toString()));
            case Mount.Link(String target, Path path) -> argv.addAll(List.of("--symlink", target, path.toString()));
            case Mount.ReadOnly(Path path) -> argv.addAll(List.of("--ro-bind", path.toString(), path.toString()));
            case Mount.Given _ -> throw new IllegalArgumentException("given by a descriptor");
            case Mount.Proc() -> argv.addAll(List.of("--proc", "/proc"));
            case Mount.Devices() -> argv.addAll(List.of("--dev", "/dev"));
            case Mount.Temporary(Path path, long bytes) ->
                argv.addAll(List.of("--perms", "1777", "--size", Long.toString(bytes), "--tmpfs", path.toString()));
            case Mount.Masked(Path path, boolean directory) -> {
                if (directory) {
                    argv.addAll(List.of("--perms", "0000", "--tmpfs", path.toString()));
                    argv.addAll(List.of("--remount-ro", path.toString()));
                } else {
                    argv.addAll(List.of("--ro-bind", "/dev/null", path.toString()));
                }
            }
            case Mount.Sealed(Path path) -> argv.addAll(List.of("--remount-ro", path.toString()));
        }
    }
}
