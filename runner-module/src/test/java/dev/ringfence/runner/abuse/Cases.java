package dev.ringfence.runner.abuse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ringfence.runner.process.ProcessEnd;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** All hostile programs. */
final class Cases {

    /** Where a job may write, which the program finds out itself. */
    private static final String TEMPORARY = "TEMPORARY";

    /** Long enough for a fence to be built on a busy host: it is a part of a job's time. */
    private static final Duration SHORT = Duration.ofMillis(1500);

    /** Mebibytes, many times what is kept of them and what pipes hold. */
    private static final int FLOOD = 200;

    private static final int SIGABRT = 6;

    private Cases() {}

    static List<Case> all() {
        return Stream.of(processes(), memory(), files(), kernel(), network())
                .flatMap(List::stream)
                .toList();
    }

    private static List<Case> processes() {
        return List.of(
                Case.of("a fork bomb", "fork-bomb", Attack::heldByItsProcesses),
                Case.of("a thread bomb", "thread-bomb", Attack::heldByItsProcesses),
                Case.of(
                        "processes that leave their parent, their session and all signals behind",
                        "daemons",
                        Attack::ended),
                Case.of("the same when the time is up", "daemons", Attack::timedOut, "stay")
                        .until(SHORT),
                Case.of(
                        "processes that each start the next one and end",
                        "relays",
                        Attack::endedOrHeldByItsProcesses,
                        "10"),
                Case.of("signals to the thread that started it", "signal-starter", Attack::ended),
                Case.of("signals to the parent, the service and the host", "signal-others", Attack::finished),
                Case.of(
                        "a signal to everyone",
                        "kill-everyone",
                        attack -> assertThat(attack.stdout()).contains("killing")),
                Case.of("looking into other processes", "debugging", attack -> attack.refused(16)),
                Case.of("priority over others", "scheduling", attack -> attack.refused(10)),
                Case.of("closed output and no end", "run-on-silently", Attack::timedOut)
                        .until(SHORT),
                Case.of(
                                "children that nobody waits for",
                                "unwaited-children",
                                Attack::ended,
                                Double.toString(Shape.FEW_CORES))
                        .in(Shape.slow()),
                Case.of("set-user-id programs", "setuid-program", attack -> attack.refused(1))
                        .with(around -> List.of(around.setUserId().toString())));
    }

    private static List<Case> memory() {
        return List.of(
                Case.of("anonymous memory", "memory-anonymous", Attack::killedForItsMemory),
                Case.of("shared memory", "memory-shared", Attack::killedForItsMemory),
                Case.of("memory by way of temporary files", "memory-tmpfs", Attack::heldByMemoryOrDisk, TEMPORARY)
                        .in(Shape.roomy()),
                Case.of("memory by way of a mapped file", "memory-mapped", Attack::heldByMemoryOrDisk, TEMPORARY)
                        .in(Shape.roomy()),
                Case.of("memory of sockets", "memory-sockets", Attack::heldByItsMemory),
                Case.of("memory of semaphores", "memory-semaphores", Attack::heldByItsMemory),
                Case.of("memory to find memory", "memory-page-tables", Attack::heldByItsMemory),
                Case.of(
                        "memory behind many mappings with long names",
                        "memory-behind-mappings",
                        Attack::heldByItsMemoryInTime,
                        TEMPORARY),
                Case.of("memory without the first thread", "memory-first-thread-gone", Attack::killedForItsMemory),
                Case.of("System V and POSIX objects that outlive their maker", "system-v-ipc", Attack::finished));
    }

    private static List<Case> files() {
        return List.of(
                Case.of("reading secrets", "read-secrets", attack -> {
                            attack.ended();
                            assertThat(attack.stdout()).doesNotContainPattern("root:[^x:]");
                            assertThat(attack.stdout()).contains("denied writing the service's memory");
                        })
                        .with(around -> List.of(
                                "/etc/shadow",
                                "/etc/gshadow",
                                "/proc/1/environ",
                                "/proc/self/root/etc/shadow",
                                "/tmp/../etc/shadow",
                                around.secretFile().toString())),
                Case.of("writing outside", "write-outside", attack -> attack.refused(20))
                        .with(around -> List.of(
                                "/new",
                                "/usr/new",
                                "/etc/new",
                                "/var/tmp/ringfence-new",
                                "/run/new",
                                "/dev/shm/../new",
                                around.open().resolve("new").toString(),
                                around.precious().resolve("new").toString())),
                Case.of(
                        "filling up the temporary directory",
                        "memory-tmpfs",
                        Attack::endedOrFilledItsDirectory,
                        TEMPORARY),
                Case.of("a directory and a link to the host's that change places", "symlink-swap", attack -> {
                            attack.timedOut();
                            assertThat(attack.stdout()).contains("swapping");
                        })
                        .with(around -> List.of(TEMPORARY, around.precious().toString()))
                        .until(SHORT),
                Case.of(
                        "files that are hard to remove",
                        "stubborn-files",
                        attack -> {
                            attack.endedOrFilledItsDirectory();
                            if (attack.limits().isEmpty()) {
                                assertThat(attack.stdout()).contains(" deep");
                            }
                        },
                        TEMPORARY),
                Case.of(
                        "huge files without names",
                        "unlinked-huge-file",
                        attack -> {
                            attack.endedOrFilledItsDirectory();
                            assertThat(attack.stdout().lines())
                                    .hasSizeBetween(attack.limits().isEmpty() ? 4 : 0, 4)
                                    .allMatch(line -> line.startsWith("contained "));
                        },
                        TEMPORARY),
                Case.of("a sparse file", "sparse-file", Attack::endedByTheSizeOfAFile, TEMPORARY),
                Case.of("as many files as there can be", "many-files", Attack::heldByMemoryOrDisk, TEMPORARY),
                Case.of("a fifo that never opens", "fifo-that-never-opens", Attack::timedOut, TEMPORARY)
                        .until(SHORT),
                Case.of(
                        "a core dump",
                        "core-dump",
                        attack -> assertThat(attack.result().end()).isEqualTo(new ProcessEnd.Exited(128 + SIGABRT)),
                        TEMPORARY),
                Case.of("rights and times of others' files", "change-others", attack -> attack.refused(30))
                        .with(around -> List.of(
                                TEMPORARY,
                                around.ownDirectory().toString(),
                                around.secretFile().toString(),
                                around.precious().resolve("file").toString())),
                Case.of("room that no size tells of", "reserve-room", attack -> attack.refused(4), TEMPORARY),
                Case.of("files that no process has", "sent-files", Attack::filledItsDirectory)
                        .with(around -> List.of(around.shared().toString()))
                        .in(around -> Shape.writing(around.shared())),
                Case.of("leases", "leases", attack -> attack.refused(3))
                        .with(around -> List.of(TEMPORARY, around.program().toString())),
                Case.of(
                        "what only an owner may ask of a file",
                        "owners-requests",
                        attack -> attack.refused(6),
                        TEMPORARY),
                Case.of("devices", "devices", attack -> attack.refused(18), TEMPORARY));
    }

    private static List<Case> kernel() {
        return List.of(
                Case.of("mounts", "mounts", attack -> attack.refused(11)),
                Case.of("namespaces of its own", "namespaces", attack -> attack.refused(24)),
                Case.of("io_uring", "io-uring", attack -> {
                    attack.refused(3);
                    assertThat(attack.stdout().lines()).allMatch(line -> line.endsWith("Function not implemented"));
                }),
                Case.of("the kernel's keys", "keys", attack -> attack.refused(4)),
                Case.of("typing into a terminal", "terminal-input", attack -> attack.refused(10)),
                Case.of("system calls of other architectures", "foreign-system-calls", attack -> attack.refused(4)),
                Case.of("system calls for root", "privileged-calls", attack -> attack.refused(17)),
                Case.of("privileges", "privileges", attack -> attack.refused(9)),
                Case.of("a program that never was a file", "memory-file-program", attack -> attack.refused(1)),
                Case.of("more arguments than there is memory", "huge-arguments", attack -> attack.refused(1)),
                Case.of("as many descriptors as there can be", "descriptors", Attack::finished),
                Case.of("descriptors of a single thread", "descriptors-of-a-thread", attack -> attack.refused(3)));
    }

    private static List<Case> network() {
        return List.of(
                Case.of("sockets of every family", "socket-families", attack -> attack.refused(16)),
                Case.of("the same where the network is open", "socket-families", attack -> {
                            attack.ended();
                            assertThat(attack.stdout().lines().filter(line -> line.startsWith("BROKE")))
                                    .isSubsetOf("BROKE ping", "BROKE netlink");
                        })
                        .in(Shape.connected())
                        .mayBreak(),
                Case.of("unix sockets of the host", "unix-sockets", attack -> attack.refused(9))
                        .with(Cases::sockets),
                Case.of("a connection that there is no room for", "connect-beyond-limit", attack -> {
                            attack.refused(3);
                            assertThat(attack.stdout().lines()).allMatch(line -> line.endsWith("Bad file descriptor"));
                        })
                        .with(around -> List.of("3128"))
                        .in(Shape.restricted()),
                Case.of(
                                "the host's loopback, a metadata service, the outside",
                                "connect-to",
                                attack -> attack.refused(13))
                        .with(Cases::addresses),
                Case.of(
                                "the same with an open network, as a control",
                                "connect-to",
                                attack -> assertThat(attack.stdout())
                                        .contains(
                                                "BROKE TCP to 127.0.0.1",
                                                "BROKE TCP to " + Surroundings.METADATA,
                                                "BROKE UDP to " + Surroundings.METADATA,
                                                "BROKE TCP to " + Surroundings.OUTSIDE))
                        .with(Cases::addresses)
                        .in(Shape.connected())
                        .mayBreak(),
                Case.of("a flood of output", "flood", attack -> attack.flooded(FLOOD), Integer.toString(FLOOD)),
                Case.of("a flood of output when the time is up", "flood", Attack::timedOut)
                        .until(SHORT),
                Case.of(
                        "one endless line without a whole character",
                        "endless-line",
                        attack -> attack.flooded(FLOOD),
                        Integer.toString(FLOOD)));
    }

    private static List<String> sockets(Surroundings around) {
        return List.of(
                around.abstractName(),
                around.socket().toString(),
                around.abstractDatagrams(),
                around.datagrams().toString());
    }

    private static List<String> addresses(Surroundings around) {
        return List.of(
                "127.0.0.1",
                Integer.toString(around.loopbackPort()),
                Surroundings.METADATA,
                Surroundings.OUTSIDE_PORT,
                Surroundings.OUTSIDE,
                Surroundings.OUTSIDE_PORT);
    }
}
