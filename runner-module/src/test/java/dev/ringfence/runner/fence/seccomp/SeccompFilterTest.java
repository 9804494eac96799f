package dev.ringfence.runner.fence.seccomp;

import static dev.ringfence.runner.fence.seccomp.FilterInterpreter.ALLOW;
import static dev.ringfence.runner.fence.seccomp.FilterInterpreter.KILL_PROCESS;
import static dev.ringfence.runner.fence.seccomp.FilterInterpreter.error;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ringfence.runner.fence.seccomp.SeccompPolicy.Sockets;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs filters on an interpreter, so that both architectures and every number can be tried. */
class SeccompFilterTest {
    private static final long EPERM = error(1);
    private static final long EOPNOTSUPP = error(95);
    private static final long ENOSYS = error(38);
    private static final long EAFNOSUPPORT = error(97);
    private static final long ASK = 0x7FC0_0000L;
    private static final long AUDIT_ARCH_I386 = 0x4000_0003L;
    private static final long AUDIT_ARCH_ARM = 0x4000_0028L;
    private static final long HIGH = 0x5A5A_5A5AL << 32;

    /** Those whose answer depends on arguments. */
    private static final Set<String> CHECKED = Set.of(
            "clone",
            "socket",
            "socketpair",
            "ioctl",
            "fallocate",
            "fcntl",
            "close_range",
            "personality",
            "mknod",
            "mknodat",
            "setrlimit",
            "prlimit64",
            "setsockopt",
            "sendto",
            "sendmsg",
            "sendmmsg",
            "bind",
            "listen");

    static Stream<SeccompPolicy> policies() {
        return Stream.of(Architecture.values())
                .flatMap(architecture -> Stream.of(true, false)
                        .flatMap(strict -> Stream.of(true, false)
                                .flatMap(debugging -> Stream.of(true, false)
                                        .flatMap(processes -> Stream.of(Sockets.values())
                                                .map(sockets -> new SeccompPolicy(
                                                        architecture,
                                                        Set.of(),
                                                        strict,
                                                        debugging,
                                                        processes,
                                                        sockets))))));
    }

    @ParameterizedTest
    @MethodSource("policies")
    void everyKnownCallHasTheAnswerOfItsList(SeccompPolicy policy) {
        var filter = filter(policy);

        for (var name : policy.architecture().syscalls().names()) {
            if (CHECKED.contains(name)) {
                continue;
            }
            assertThat(call(filter, policy, name)).as(name).isEqualTo(expected(policy, name));
        }
    }

    private static long expected(SeccompPolicy policy, String name) {
        if (DeniedSyscalls.ABSENT.contains(name)) {
            return ENOSYS;
        }
        if (DeniedSyscalls.UNSUPPORTED.contains(name)) {
            return EOPNOTSUPP;
        }
        var noDebugging = policy.disableDebugging() || policy.strict();
        var denied = DeniedSyscalls.ALWAYS.contains(name)
                || (noDebugging && DeniedSyscalls.DEBUGGING.contains(name))
                || (policy.strict() && DeniedSyscalls.STRICT.contains(name))
                || (isUnconnected(policy.sockets()) && name.equals("connect"))
                || (policy.forbidProcesses() && Set.of("fork", "vfork").contains(name));
        return denied ? EPERM : ALLOW;
    }

    @Test
    void whatWouldOpenTheFenceIsOnTheListThatAlwaysHolds() {
        assertThat(DeniedSyscalls.ALWAYS)
                .contains("mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "open_tree_attr")
                .contains("fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "unshare", "setns")
                .contains("bpf", "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module")
                .contains("reboot", "swapon", "swapoff", "sethostname", "setdomainname", "iopl", "ioperm")
                .contains("keyctl", "add_key", "request_key", "userfaultfd", "open_by_handle_at")
                .contains("name_to_handle_at", "fanotify_init", "quotactl", "quotactl_fd", "acct", "syslog")
                .contains("settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "vhangup");
        assertThat(DeniedSyscalls.DEBUGGING)
                .contains("ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd", "perf_event_open");
        assertThat(DeniedSyscalls.ABSENT).contains("clone3", "io_uring_setup", "io_uring_enter", "io_uring_register");
    }

    @Test
    void everyNameOnADenyListExists() {
        var known = new HashSet<>(Architecture.X86_64.syscalls().names());
        known.addAll(Architecture.AARCH64.syscalls().names());

        assertThat(known).containsAll(DeniedSyscalls.ALWAYS);
        assertThat(known).containsAll(DeniedSyscalls.DEBUGGING);
        assertThat(known).containsAll(DeniedSyscalls.STRICT);
        assertThat(known).containsAll(DeniedSyscalls.ABSENT);
        assertThat(known).containsAll(DeniedSyscalls.UNSUPPORTED);
    }

    @ParameterizedTest
    @EnumSource(Architecture.class)
    void aStepFromOneUserToAnotherIsPossibleUnderADenyList(Architecture architecture) {
        var policy = new SeccompPolicy(architecture, Set.of(), true, true, true, Sockets.UNIX);
        var filter = filter(policy);

        for (var name : List.of(
                "setresuid", "setresgid", "setgroups", "capset", "capget", "prctl", "execve", "seccomp", "wait4")) {
            assertThat(call(filter, policy, name)).as(name).isEqualTo(ALLOW);
        }
    }

    @ParameterizedTest
    @MethodSource("policies")
    void callsOfAnotherArchitectureEndTheProcess(SeccompPolicy policy) {
        var filter = filter(policy);
        var others = List.of(
                AUDIT_ARCH_I386,
                AUDIT_ARCH_ARM,
                0L,
                policy.architecture() == Architecture.X86_64
                        ? Architecture.AARCH64.auditValue()
                        : Architecture.X86_64.auditValue());

        for (var other : others) {
            for (int number = 0; number < 500; number += 7) {
                assertThat(filter.run(other, number, 1, 1, 0, 0, 0, 0)).isEqualTo(KILL_PROCESS);
            }
        }
    }

    @Test
    void callsOfTheX32InterfaceEndTheProcess() {
        var policy = lenient(Architecture.X86_64);
        var filter = filter(policy);
        var x86 = Architecture.X86_64.auditValue();

        for (int number = 0; number < 600; number++) {
            assertThat(filter.run(x86, 0x4000_0000 + number, 1, 1, 0, 0, 0, 0)).isEqualTo(KILL_PROCESS);
        }
        assertThat(filter.run(x86, 0x8000_0000, 0, 0, 0, 0, 0, 0)).isEqualTo(KILL_PROCESS);
        assertThat(filter.run(x86, 0xFFFF_FFFE, 0, 0, 0, 0, 0, 0)).isEqualTo(KILL_PROCESS);
        assertThat(filter.run(x86, -1, 0, 0, 0, 0, 0, 0)).isEqualTo(ENOSYS);
    }

    @ParameterizedTest
    @MethodSource("policies")
    void callsThatNoTableHasAreAbsent(SeccompPolicy policy) {
        var filter = filter(policy);
        var syscalls = policy.architecture().syscalls();
        var known = new HashSet<Integer>();
        syscalls.names().forEach(name -> known.add(syscalls.number(name).orElseThrow()));

        for (int number = 0; number < 700; number++) {
            if (!known.contains(number)) {
                assertThat(filter.run(policy.architecture().auditValue(), number, 0, 0, 0, 0, 0, 0))
                        .as("number %s", number)
                        .isEqualTo(ENOSYS);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("policies")
    void socketsAreOfTheAllowedFamiliesOnlyWhateverTheUpperHalvesOfTheArgumentsHold(SeccompPolicy policy) {
        var filter = filter(policy);

        for (long family = 0; family < 64; family++) {
            for (long type = 0; type < 11; type++) {
                for (long protocol : new long[] {0, 6, 15, 132, 262}) {
                    for (long high : new long[] {0, HIGH}) {
                        for (long flags : new long[] {0, 02004000}) {
                            assertThat(call(
                                            filter,
                                            policy,
                                            "socket",
                                            family | high,
                                            type | flags | high,
                                            protocol | high))
                                    .as("socket(%s, %s, %s)", family, type, protocol)
                                    .isEqualTo(socket(policy.sockets(), family, type, protocol));
                        }
                    }
                }
            }
        }
    }

    private static long socket(Sockets sockets, long family, long type, long protocol) {
        if (family == 1 && sockets == Sockets.SERVING) {
            return type == 1 ? ALLOW : EPERM;
        }
        if (family == 1) {
            return sockets.local() ? ALLOW : EAFNOSUPPORT;
        }
        if (proxied(sockets) && (family == 2 || family == 10)) {
            return type == 1 && (protocol == 0 || protocol == 6) ? ALLOW : EPERM;
        }
        if (sockets.open() && (family == 2 || family == 10)) {
            return type == 1 || type == 2 ? ALLOW : EPERM;
        }
        return sockets.open() && family == 16 && protocol == 0 ? ALLOW : EAFNOSUPPORT;
    }

    @ParameterizedTest
    @MethodSource("policies")
    void whoWaitsForConnectionsOrHasOnlyPairsMakesNone(SeccompPolicy policy) {
        assertThat(call(filter(policy), policy, "connect")).isEqualTo(isUnconnected(policy.sockets()) ? EPERM : ALLOW);
    }

    private static boolean isUnconnected(Sockets sockets) {
        return sockets == Sockets.SERVING || sockets == Sockets.NONE;
    }

    @ParameterizedTest
    @MethodSource("policies")
    void aThreadThatKeepsToItselfChoosesNoPrioritiesOfOthers(SeccompPolicy policy) {
        var filter = filter(policy.keepingToItself());

        for (long high : new long[] {0, HIGH}) {
            assertThat(call(filter, policy, "setpriority", high, high)).isEqualTo(ALLOW);
            assertThat(call(filter, policy, "setpriority", high, 4711)).isEqualTo(EPERM);
            assertThat(call(filter, policy, "setpriority", 2, high))
                    .as("all of the user")
                    .isEqualTo(EPERM);
            assertThat(call(filter, policy, "ioprio_set", 1, high)).isEqualTo(ALLOW);
            assertThat(call(filter, policy, "ioprio_set", 1, 4711)).isEqualTo(EPERM);
            assertThat(call(filter, policy, "ioprio_set", 3, high))
                    .as("all of the user")
                    .isEqualTo(EPERM);
            for (var name : List.of("sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr")) {
                assertThat(call(filter, policy, name, high)).as(name).isEqualTo(ALLOW);
                assertThat(call(filter, policy, name, 4711)).as(name).isEqualTo(EPERM);
            }
            assertThat(call(filter, policy, "prlimit64", high, 7, 0)).isEqualTo(ALLOW);
            assertThat(call(filter, policy, "prlimit64", 4711, 7, 0))
                    .as("limits of others can be asked for")
                    .isEqualTo(EPERM);
        }
    }

    @Test
    void newThreadsAloneCanBeAskedAbout() {
        var policy = new SeccompPolicy(Architecture.X86_64, Set.of(), true, true, false, Sockets.NONE)
                .asking(Set.of(SeccompPolicy.NEW_THREAD));
        var filter = filter(policy);

        assertThat(call(filter, policy, "clone", 0x10400)).isEqualTo(Rule.ASK.value());
        assertThat(call(filter, policy, "clone", 0x11)).isEqualTo(ALLOW);
        assertThat(call(filter, policy, "clone", 0x1001_0400))
                .as("with a namespace")
                .isEqualTo(EPERM);
    }

    private static boolean proxied(Sockets sockets) {
        return sockets == Sockets.PROXIED || sockets == Sockets.PROXY_ONLY;
    }

    @ParameterizedTest
    @MethodSource("policies")
    void whereTcpLeadsToAProxyItsOptionsDoNothingAndSendingNeverConnects(SeccompPolicy policy) {
        var filter = filter(policy);
        boolean proxied = proxied(policy.sockets());

        assertThat(call(filter, policy, "setsockopt", 3, 6 | HIGH, 1)).isEqualTo(proxied ? error(0) : ALLOW);
        assertThat(call(filter, policy, "setsockopt", 3, 1, 6)).isEqualTo(ALLOW);
        for (long high : new long[] {0, HIGH}) {
            long fastOpen = 0x2000_4000L | high;
            assertThat(call(filter, policy, "sendto", 3, 0, 0, fastOpen)).isEqualTo(proxied ? EPERM : ALLOW);
            assertThat(call(filter, policy, "sendmsg", 3, 0, fastOpen)).isEqualTo(proxied ? EPERM : ALLOW);
            assertThat(call(filter, policy, "sendmmsg", 3, 0, 0, fastOpen)).isEqualTo(proxied ? EPERM : ALLOW);
            assertThat(call(filter, policy, "sendto", 3, 0, 0, 0x4000 | high)).isEqualTo(ALLOW);
        }
        for (var name : List.of("bind", "listen")) {
            assertThat(call(filter, policy, name)).isEqualTo(policy.sockets() == Sockets.PROXY_ONLY ? EPERM : ALLOW);
        }
    }

    @ParameterizedTest
    @MethodSource("policies")
    void pairsOfSocketsAreLocal(SeccompPolicy policy) {
        var filter = filter(policy);

        for (long family = 0; family < 64; family++) {
            assertThat(call(filter, policy, "socketpair", family | HIGH, 1))
                    .isEqualTo(family == 1 ? ALLOW : EAFNOSUPPORT);
        }
    }

    @ParameterizedTest
    @MethodSource("policies")
    void aPairReachesNobodyElseWhereNoLocalSocketsAre(SeccompPolicy policy) {
        var filter = filter(policy);

        for (long type = 0; type < 11; type++) {
            for (long flags : new long[] {0, 02004000, HIGH}) {
                assertThat(call(filter, policy, "socketpair", 1, type | flags))
                        .as("type %s", type)
                        .isEqualTo(policy.sockets().local() || type == 1 || type == 5 ? ALLOW : EPERM);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("policies")
    void noRoomIsTakenThatASizeDoesNotTell(SeccompPolicy policy) {
        var filter = filter(policy);

        for (long mode = 0; mode < 256; mode++) {
            for (long high : new long[] {0, HIGH}) {
                assertThat(call(filter, policy, "fallocate", 3, mode | high))
                        .as("mode %s", mode)
                        .isEqualTo(mode == 0 || mode == 3 ? ALLOW : EOPNOTSUPP);
            }
        }
        for (long request : new long[] {0x4030_5828L, 0x4030_582AL, 0x4030_5839L, 0x4008_6602L, 0x401C_5820L}) {
            assertThat(call(filter, policy, "ioctl", 3, request | HIGH)).isEqualTo(EPERM);
        }
    }

    @ParameterizedTest
    @MethodSource("policies")
    void aFileThatIsOpenForReadingIsOnlyAskedAboutOrCloned(SeccompPolicy policy) {
        var filter = filter(policy);
        var harmless = List.of(
                0x8008_6601L,
                0x8008_7601L,
                0x801C_581FL,
                0xC020_660BL,
                0xC004_6686L,
                0x8100_9431L,
                0x4004_9409L,
                0x4020_940DL,
                0xC018_9436L);
        // Versions, flags, verity, encryption, labels, subvolumes, attributes of FAT, a compression of F2FS.
        var others = List.of(
                0x4008_7602L,
                0x4008_6604L,
                0x4004_6602L,
                0x4080_6685L,
                0x800C_6613L,
                0x4100_9432L,
                0x5000_940EL,
                0x4004_7211L,
                0x0000_F518L,
                0x4028_9701L);

        for (long high : new long[] {0, HIGH}) {
            harmless.forEach(request -> assertThat(call(filter, policy, "ioctl", 3, request | high))
                    .as("%x", request)
                    .isEqualTo(ALLOW));
            others.forEach(request -> assertThat(call(filter, policy, "ioctl", 3, request | high))
                    .as("%x", request)
                    .isEqualTo(EPERM));
        }
    }

    @ParameterizedTest
    @MethodSource("policies")
    void nobodyWhoOpensAFileIsHeldUpByALease(SeccompPolicy policy) {
        var filter = filter(policy);

        for (long high : new long[] {0, HIGH}) {
            for (long command : new long[] {1024, 1026, 1040}) {
                assertThat(call(filter, policy, "fcntl", 3, command | high))
                        .as("command %s", command)
                        .isEqualTo(EPERM);
            }
            for (long command : new long[] {0, 1, 2, 3, 4, 6, 7, 1025, 1030, 1031, 1033}) {
                assertThat(call(filter, policy, "fcntl", 3, command | high))
                        .as("command %s", command)
                        .isEqualTo(ALLOW);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("policies")
    void noThreadHasFilesOpenForItselfAlone(SeccompPolicy policy) {
        var filter = filter(policy);

        for (long high : new long[] {0, HIGH}) {
            assertThat(call(filter, policy, "close_range", 3, 9, 2 | high)).isEqualTo(EPERM);
            assertThat(call(filter, policy, "close_range", 3, 9, 6 | high)).isEqualTo(EPERM);
            assertThat(call(filter, policy, "close_range", 3, 9, 4 | high)).isEqualTo(ALLOW);
            assertThat(call(filter, policy, "close_range", 3, 9, high)).isEqualTo(ALLOW);
            assertThat(call(filter, policy, "clone", 0x3D0B00L | high)).isEqualTo(EPERM);
            assertThat(call(filter, policy, "clone", 0x3D0F00L | high)).isEqualTo(ALLOW);
        }
        assertThat(call(filter, policy, "unshare", 0x400)).isEqualTo(EPERM);
    }

    @ParameterizedTest
    @MethodSource("policies")
    void socketsAndPipesKeepTheirSizeWhereNobodyCountsTheirMemory(SeccompPolicy policy) {
        var filter = filter(policy.refusing(Set.of(SeccompPolicy.LARGER_BUFFERS)));

        for (long high : new long[] {0, HIGH}) {
            for (long option : new long[] {7, 8, 32, 33}) {
                assertThat(call(filter, policy, "setsockopt", 3, 1 | high, option | high))
                        .as("option %s", option)
                        .isEqualTo(error(0));
                assertThat(call(filter, policy, "setsockopt", 3, 41, option)).isEqualTo(ALLOW);
            }
            assertThat(call(filter, policy, "setsockopt", 3, 1, 6 | high)).isEqualTo(ALLOW);
            assertThat(call(filter, policy, "setsockopt", 3, 6, 1))
                    .isEqualTo(proxied(policy.sockets()) ? error(0) : ALLOW);
            assertThat(call(filter, policy, "fcntl", 3, 1031 | high)).isEqualTo(EPERM);
        }
        assertThat(call(filter(policy), policy, "setsockopt", 3, 1, 7)).isEqualTo(ALLOW);
    }

    @ParameterizedTest
    @MethodSource("policies")
    void aCloneMakesNoNamespaceAndWhereProcessesAreForbiddenOnlyThreads(SeccompPolicy policy) {
        var filter = filter(policy);
        var process = policy.forbidProcesses() ? EPERM : ALLOW;
        var sigchld = 17L;
        var thread = 0x3D0F00L;
        var namespaces = new long[] {
            0x0002_0000L, 0x0200_0000L, 0x0400_0000L, 0x0800_0000L, 0x1000_0000L, 0x2000_0000L, 0x4000_0000L
        };

        assertThat(call(filter, policy, "clone", sigchld)).isEqualTo(process);
        assertThat(call(filter, policy, "clone", 0x4111L)).isEqualTo(process);
        assertThat(call(filter, policy, "clone", thread)).isEqualTo(ALLOW);
        assertThat(call(filter, policy, "clone", sigchld | HIGH)).isEqualTo(process);
        assertThat(call(filter, policy, "clone", sigchld | (0x10000L << 32))).isEqualTo(process);
        for (var namespace : namespaces) {
            assertThat(call(filter, policy, "clone", namespace | sigchld)).isEqualTo(EPERM);
            assertThat(call(filter, policy, "clone", namespace | thread | HIGH)).isEqualTo(EPERM);
        }
    }

    @ParameterizedTest
    @MethodSource("policies")
    void nothingCanBeTypedIntoATerminal(SeccompPolicy policy) {
        var filter = filter(policy);

        for (var high : new long[] {0, 1L << 32, HIGH}) {
            assertThat(call(filter, policy, "ioctl", 0, 0x5412 | high)).isEqualTo(EPERM);
            assertThat(call(filter, policy, "ioctl", 0, 0x541C | high)).isEqualTo(EPERM);
            assertThat(call(filter, policy, "ioctl", 0, 0x5401 | high)).isEqualTo(ALLOW);
            assertThat(call(filter, policy, "ioctl", 0x5412, 0x5413)).isEqualTo(ALLOW);
        }
    }

    @ParameterizedTest
    @MethodSource("policies")
    void thePersonalityStaysOrdinary(SeccompPolicy policy) {
        var filter = filter(policy);

        assertThat(call(filter, policy, "personality", 0)).isEqualTo(ALLOW);
        assertThat(call(filter, policy, "personality", 0xFFFF_FFFFL)).isEqualTo(ALLOW);
        assertThat(call(filter, policy, "personality", -1L)).isEqualTo(ALLOW);
        assertThat(call(filter, policy, "personality", 0x0040_0000L)).isEqualTo(EPERM);
        assertThat(call(filter, policy, "personality", 8 | HIGH)).isEqualTo(EPERM);
    }

    @ParameterizedTest
    @MethodSource("policies")
    void pipesCanBeMadeButNoDevices(SeccompPolicy policy) {
        var filter = filter(policy);

        assertThat(call(filter, policy, "mknodat", 0, 0, 010644)).isEqualTo(ALLOW);
        assertThat(call(filter, policy, "mknodat", 0, 0, 020644)).isEqualTo(EPERM);
        assertThat(call(filter, policy, "mknodat", 0, 0, 060644 | HIGH)).isEqualTo(EPERM);
        if (policy.architecture() == Architecture.X86_64) {
            assertThat(call(filter, policy, "mknod", 0, 010644)).isEqualTo(ALLOW);
            assertThat(call(filter, policy, "mknod", 0, 020644 | HIGH)).isEqualTo(EPERM);
            assertThat(call(filter, policy, "mknod", 0, 060644)).isEqualTo(EPERM);
        }
    }

    @ParameterizedTest
    @EnumSource(Architecture.class)
    void anAllowListLetsThroughWhatIsOnItAndNothingElse(Architecture architecture) {
        var random = new Random(20260801);
        var free = new TreeSet<>(architecture.syscalls().names());
        free.removeAll(DeniedSyscalls.ALWAYS);
        free.removeAll(DeniedSyscalls.ABSENT);
        free.removeAll(DeniedSyscalls.UNSUPPORTED);
        free.removeAll(CHECKED);
        for (int round = 0; round < 50; round++) {
            var share = random.nextDouble();
            var allowed = new HashSet<>(AllowListTest.smallest(architecture));
            free.stream().filter(_ -> random.nextDouble() < share).forEach(allowed::add);
            var policy = new SeccompPolicy(architecture, allowed, false, false, false, Sockets.UNIX);
            var filter = filter(policy);

            for (var name : architecture.syscalls().names()) {
                var otherwise = DeniedSyscalls.ABSENT.contains(name)
                        ? ENOSYS
                        : DeniedSyscalls.UNSUPPORTED.contains(name) ? EOPNOTSUPP : EPERM;
                assertThat(call(filter, policy, name, 0xBAD, 0xBAD, 0xBAD))
                        .as(name)
                        .isEqualTo(allowed.contains(name) ? ALLOW : otherwise);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Architecture.class)
    void argumentsAreCheckedAlsoForCallsOnAnAllowList(Architecture architecture) {
        var allowed = new HashSet<>(AllowListTest.smallest(architecture));
        allowed.addAll(Set.of("socket", "clone", "clone3", "ioctl"));
        var policy = new SeccompPolicy(architecture, allowed, true, true, true, Sockets.UNIX);
        var filter = filter(policy);

        assertThat(call(filter, policy, "socket", 2, 1, 0)).isEqualTo(EAFNOSUPPORT);
        assertThat(call(filter, policy, "socket", 1, 1, 0)).isEqualTo(ALLOW);
        assertThat(call(filter, policy, "clone", 17)).isEqualTo(EPERM);
        assertThat(call(filter, policy, "clone3")).isEqualTo(ENOSYS);
        assertThat(call(filter, policy, "ioctl", 0, 0x5412)).isEqualTo(EPERM);
    }

    @Test
    void theSamePolicyIsAlwaysTheSameProgram() {
        var policy = lenient(Architecture.X86_64);

        assertThat(SeccompFilter.of(policy).program())
                .isEqualTo(SeccompFilter.of(policy).program());
    }

    @Test
    void theDescriptionSaysWhatAReportNeeds() {
        var secure = new SeccompPolicy(Architecture.X86_64, Set.of(), true, true, true, Sockets.UNIX);
        var listed = new SeccompPolicy(
                Architecture.X86_64,
                AllowListTest.smallest(Architecture.X86_64),
                false,
                false,
                false,
                Sockets.INTERNET);

        assertThat(SeccompFilter.of(secure).description())
                .matches("strict deny list of \\d+ calls, sockets AF_UNIX only, no new processes, no debugging");
        assertThat(SeccompFilter.of(listed).description())
                .isEqualTo(
                        "allow list of %s calls, sockets AF_UNIX, AF_INET, AF_INET6 and NETLINK_ROUTE only",
                        AllowListTest.smallest(Architecture.X86_64).size());
    }

    @ParameterizedTest
    @MethodSource("policies")
    void theLimitThatMarksAJobsProcessesCanBeReadAndNotSet(SeccompPolicy policy) {
        var filter = filter(policy);

        for (long high : new long[] {0, HIGH}) {
            assertThat(call(filter, policy, "setrlimit", 15 | high, 1)).isEqualTo(EPERM);
            assertThat(call(filter, policy, "prlimit64", 0, 15 | high, 1)).isEqualTo(EPERM);
            assertThat(call(filter, policy, "prlimit64", 0, 15 | high, 1L << 32))
                    .isEqualTo(EPERM);
            assertThat(call(filter, policy, "prlimit64", 0, 15 | high, 0, 1)).isEqualTo(ALLOW);
            assertThat(call(filter, policy, "setrlimit", 7 | high, 1)).isEqualTo(ALLOW);
            assertThat(call(filter, policy, "prlimit64", 0, 7 | high, 1)).isEqualTo(ALLOW);
            assertThat(call(filter, policy, "prlimit64", 4711 | high, 7 | high, 1))
                    .isEqualTo(EPERM);
            assertThat(call(filter, policy, "prlimit64", 4711 | high, 7 | high, 0))
                    .isEqualTo(ALLOW);
        }
    }

    @ParameterizedTest
    @EnumSource(Architecture.class)
    void onlyWhatWouldBeLetThroughIsLeftToTheListener(Architecture architecture) {
        var policy = lenient(architecture).asking(Set.of("clone", "connect", "mount"));
        var filter = filter(policy);

        assertThat(call(filter, policy, "connect")).isEqualTo(ASK);
        assertThat(call(filter, policy, "clone", 0x11)).isEqualTo(ASK);
        assertThat(call(filter, policy, "clone", 0x1000_0011)).isEqualTo(EPERM);
        assertThat(call(filter, policy, "mount")).isEqualTo(EPERM);
        assertThat(call(filter, policy, "read")).isEqualTo(ALLOW);
    }

    @ParameterizedTest
    @EnumSource(Architecture.class)
    void aFilterThatOnlyAsksLetsAllElseThrough(Architecture architecture) {
        var policy = lenient(architecture);
        var filter = new FilterInterpreter(
                SeccompFilter.asking(architecture, Set.of("connect", "clone")).program());

        assertThat(call(filter, policy, "connect")).isEqualTo(ASK);
        assertThat(call(filter, policy, "clone")).isEqualTo(ASK);
        assertThat(call(filter, policy, "mount")).isEqualTo(ALLOW);
        assertThat(filter.run(AUDIT_ARCH_I386, 102, 0, 0, 0, 0, 0, 0)).isEqualTo(ALLOW);
    }

    private static SeccompPolicy lenient(Architecture architecture) {
        return new SeccompPolicy(architecture, Set.of(), false, false, false, Sockets.INTERNET);
    }

    private static FilterInterpreter filter(SeccompPolicy policy) {
        return new FilterInterpreter(SeccompFilter.of(policy).program());
    }

    private static long call(FilterInterpreter filter, SeccompPolicy policy, String name, long... arguments) {
        var number = policy.architecture().syscalls().number(name).orElseThrow();
        var all = new long[6];
        System.arraycopy(arguments, 0, all, 0, arguments.length);
        return filter.run(policy.architecture().auditValue(), number, all);
    }
}
