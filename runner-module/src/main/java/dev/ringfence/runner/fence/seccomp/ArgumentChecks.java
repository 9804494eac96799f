package dev.ringfence.runner.fence.seccomp;

import dev.ringfence.runner.fence.seccomp.Assembler.Condition;
import dev.ringfence.runner.fence.seccomp.Assembler.Label;
import dev.ringfence.runner.fence.seccomp.SeccompPolicy.Sockets;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * The parts of a filter that look at arguments.
 *
 * <p>All arguments looked at are 32 bits wide in the kernel: {@code int} parameters, or, for clone, a long of which
 * only the lower half is used. So only the low word counts; a comparison of both would let a set bit in the high word
 * hide a forbidden value.
 */
final class ArgumentChecks {
    private static final int FIRST_ARGUMENT = 16;
    private static final int ARGUMENT_BYTES = 8;

    private static final long CLONE_FILES = 0x0000_0400L;
    private static final long CLONE_THREAD = 0x0001_0000L;
    /** Mount, cgroup, UTS, IPC, user, PID and network namespaces; the time namespace cannot be asked for here. */
    private static final long CLONE_NAMESPACES = 0x7E02_0000L;

    private static final long AF_UNIX = 1;
    private static final long AF_INET = 2;
    private static final long AF_INET6 = 10;
    private static final long AF_NETLINK = 16;
    private static final long NETLINK_ROUTE = 0;
    private static final long SOCKET_TYPE = 0xF;
    private static final long SOCK_STREAM = 1;
    private static final long SOCK_DGRAM = 2;

    private static final long SOCK_SEQPACKET = 5;

    private static final long IPPROTO_TCP = 6;
    private static final long MSG_FASTOPEN = 0x2000_0000L;

    private static final long TIOCSTI = 0x5412;
    private static final long TIOCLINUX = 0x541C;

    private static final long REQUEST_KIND = 0xFF00;

    /**
     * Requests to file systems: of ext4 and all ({@code 'f'}, {@code 'v'}), XFS, FAT, Btrfs, Ceph, bcachefs, SMB and F2FS.
     * Among them are some that take room behind a file's end, where its size does not show it, and many that change a
     * file by its owner's right, however it was opened.
     */
    private static final List<Long> OF_FILE_SYSTEMS =
            List.of(0x6600L, 0x7600L, 0x5800L, 0x7200L, 0x9400L, 0x9700L, 0xBC00L, 0xCF00L, 0xF500L);

    /**
     * Those of them that only ask (FS_IOC_GETFLAGS, …GETVERSION, …FSGETXATTR, …FIEMAP, …MEASURE_VERITY, …GETFSLABEL), and
     * sharing what another file has (FICLONE, FICLONERANGE, FIDEDUPERANGE), which takes one that is open for writing.
     */
    private static final List<Long> HARMLESS = List.of(
            0x8008_6601L,
            0x8008_7601L,
            0x801C_581FL,
            0xC020_660BL,
            0xC004_6686L,
            0x8100_9431L,
            0x4004_9409L,
            0x4020_940DL,
            0xC018_9436L);

    /** Who holds a lease makes others wait that open the file: F_SETLEASE, F_SETDELEG. The other tells of changes: F_NOTIFY. */
    private static final List<Long> HOLDING_UP = List.of(1024L, 1040L, 1026L);

    private static final long F_SETPIPE_SZ = 1031;
    private static final long CLOSE_RANGE_UNSHARE = 2;

    private static final long SOL_SOCKET = 1;

    /** SO_SNDBUF, SO_RCVBUF, SO_SNDBUFFORCE, SO_RCVBUFFORCE. */
    private static final List<Long> BUFFER_SIZES = List.of(7L, 8L, 32L, 33L);

    private static final long PUNCH_HOLE_AND_KEEP_SIZE = 0x3;

    private static final long FILE_TYPE = 0xF000;
    private static final long CHARACTER_DEVICE = 0x2000;
    private static final long BLOCK_DEVICE = 0x6000;

    /** RLIMIT_RTTIME. */
    private static final long MARK_RESOURCE = 15;

    private static final long PRIO_PROCESS = 0;
    private static final long IOPRIO_WHO_PROCESS = 1;

    private final SeccompPolicy policy;
    private final Assembler assembler;
    private final Map<Rule.Check, Label> labels = new EnumMap<>(Rule.Check.class);

    ArgumentChecks(SeccompPolicy policy, Assembler assembler) {
        this.policy = policy;
        this.assembler = assembler;
    }

    /** Where the instructions of a check will begin. */
    Label label(Rule.Check check) {
        return labels.computeIfAbsent(check, _ -> new Label());
    }

    /** Writes the instructions of all checks that were asked for; each of their ways ends with an answer. */
    void write() {
        labels.forEach((check, label) -> {
            assembler.mark(label);
            write(check);
        });
    }

    private void write(Rule.Check check) {
        switch (check) {
            case CLONE -> cloneFlags(passed("clone"));
            case SOCKET -> socket(passed("socket"));
            case SOCKETPAIR -> socketpair(passed("socketpair"));
            case IOCTL -> ioctl(passed("ioctl"));
            case PERSONALITY -> personality(passed("personality"));
            case MKNOD -> mknod(1, passed("mknod"));
            case MKNODAT -> mknod(2, passed("mknodat"));
            case SETRLIMIT -> limit(passed("setrlimit"));
            case PRLIMIT -> limitOf(passed("prlimit64"));
            case SETSOCKOPT -> option(passed("setsockopt"));
            case SENDTO -> send(3, passed("sendto"));
            case SENDMSG -> send(2, passed("sendmsg"));
            case SENDMMSG -> send(3, passed("sendmmsg"));
            case THREAD_ITSELF -> itself(OptionalLong.empty());
            case FALLOCATE -> allocation(passed("fallocate"));
            case FCNTL -> control(passed("fcntl"));
            case CLOSE_RANGE -> closing(passed("close_range"));
            case SETPRIORITY -> itself(OptionalLong.of(PRIO_PROCESS));
            case IOPRIO_SET -> itself(OptionalLong.of(IOPRIO_WHO_PROCESS));
        }
    }

    /** The answer to a call whose arguments are in order. */
    private Rule.Answer passed(String name) {
        return policy.asked().contains(name) ? Rule.ASK : Rule.ALLOW;
    }

    private void cloneFlags(Rule.Answer passed) {
        var denied = new Label();
        var allowed = new Label();
        var visible = new Label();
        loadArgument(0);
        assembler.jumpIf(Condition.ANY_BIT, CLONE_NAMESPACES, denied);
        // What a thread has open for itself alone is not among what its process has open.
        assembler.jumpIf(Condition.ANY_BIT, CLONE_FILES, visible);
        assembler.jumpIf(Condition.ANY_BIT, CLONE_THREAD, denied);
        assembler.mark(visible);
        if (policy.asked().contains(SeccompPolicy.NEW_THREAD)) {
            var thread = new Label();
            assembler.jumpIf(Condition.ANY_BIT, CLONE_THREAD, thread);
            assembler.result((policy.forbidProcesses() ? Rule.NOT_PERMITTED : passed).value());
            answer(thread, Rule.ASK);
        } else if (policy.forbidProcesses()) {
            assembler.jumpIf(Condition.ANY_BIT, CLONE_THREAD, allowed);
        } else {
            assembler.jump(allowed);
        }
        answer(denied, Rule.NOT_PERMITTED);
        answer(allowed, passed);
    }

    private void socket(Rule.Answer passed) {
        var allowed = new Label();
        var denied = new Label();
        var internet = new Label();
        var netlink = new Label();
        loadArgument(0);
        if (policy.sockets() == Sockets.SERVING) {
            // Of a datagram socket each message may have another address.
            var unix = new Label();
            assembler.jumpIf(Condition.EQUAL, AF_UNIX, unix);
            assembler.result(Rule.NO_SUCH_FAMILY.value());
            assembler.mark(unix);
            loadArgument(1);
            assembler.and(SOCKET_TYPE);
            assembler.jumpIf(Condition.EQUAL, SOCK_STREAM, allowed);
            assembler.result(Rule.NOT_PERMITTED.value());
            answer(allowed, passed);
            return;
        }
        if (policy.sockets().local()) {
            assembler.jumpIf(Condition.EQUAL, AF_UNIX, allowed);
        }
        if (policy.sockets().open() || policy.sockets().proxied()) {
            assembler.jumpIf(Condition.EQUAL, AF_INET, internet);
            assembler.jumpIf(Condition.EQUAL, AF_INET6, internet);
        }
        if (policy.sockets().open()) {
            assembler.jumpIf(Condition.EQUAL, AF_NETLINK, netlink);
        }
        assembler.result(Rule.NO_SUCH_FAMILY.value());
        if (policy.sockets().open()) {
            assembler.mark(internet);
            loadArgument(1);
            assembler.and(SOCKET_TYPE);
            assembler.jumpIf(Condition.EQUAL, SOCK_STREAM, allowed);
            assembler.jumpIf(Condition.EQUAL, SOCK_DGRAM, allowed);
            assembler.jump(denied);
            assembler.mark(netlink);
            loadArgument(2);
            assembler.jumpIf(Condition.EQUAL, NETLINK_ROUTE, allowed);
            assembler.result(Rule.NO_SUCH_FAMILY.value());
            answer(denied, Rule.NOT_PERMITTED);
        }
        if (policy.sockets().proxied()) {
            assembler.mark(internet);
            tcp(allowed);
        }
        answer(allowed, passed);
    }

    /** A stream whose protocol is the default one or TCP by name: not SCTP and not MPTCP, which go other ways. */
    private void tcp(Label allowed) {
        var stream = new Label();
        loadArgument(1);
        assembler.and(SOCKET_TYPE);
        assembler.jumpIf(Condition.EQUAL, SOCK_STREAM, stream);
        assembler.result(Rule.NOT_PERMITTED.value());
        assembler.mark(stream);
        loadArgument(2);
        assembler.jumpIf(Condition.EQUAL, 0, allowed);
        assembler.jumpIf(Condition.EQUAL, IPPROTO_TCP, allowed);
        assembler.result(Rule.NOT_PERMITTED.value());
    }

    /**
     * Programs set options of TCP on what they take for a TCP connection, and give up when that fails. So are sizes of
     * buffers, of which the kernel gives less than asked for without a word, too.
     */
    private void option(Rule.Answer passed) {
        var done = new Label();
        loadArgument(1);
        if (policy.sockets().proxied()) {
            assembler.jumpIf(Condition.EQUAL, IPPROTO_TCP, done);
        }
        if (policy.keepsBuffers()) {
            var ofSocket = new Label();
            assembler.jumpIf(Condition.EQUAL, SOL_SOCKET, ofSocket);
            assembler.result(passed.value());
            assembler.mark(ofSocket);
            loadArgument(2);
            BUFFER_SIZES.forEach(name -> assembler.jumpIf(Condition.EQUAL, name, done));
        }
        assembler.result(passed.value());
        answer(done, Rule.DONE);
    }

    /** Sending with this flag connects as well, unseen by whoever decides about connections. */
    private void send(int flags, Rule.Answer passed) {
        var denied = new Label();
        loadArgument(flags);
        assembler.jumpIf(Condition.ANY_BIT, MSG_FASTOPEN, denied);
        assembler.result(passed.value());
        answer(denied, Rule.NOT_PERMITTED);
    }

    /**
     * Of a pair of datagram sockets each message may have another address, as of a single one. Pairs of streams stay
     * together.
     */
    private void socketpair(Rule.Answer passed) {
        var allowed = new Label();
        var unix = new Label();
        loadArgument(0);
        assembler.jumpIf(Condition.EQUAL, AF_UNIX, policy.sockets().local() ? allowed : unix);
        assembler.result(Rule.NO_SUCH_FAMILY.value());
        if (!policy.sockets().local()) {
            assembler.mark(unix);
            loadArgument(1);
            assembler.and(SOCKET_TYPE);
            assembler.jumpIf(Condition.EQUAL, SOCK_STREAM, allowed);
            assembler.jumpIf(Condition.EQUAL, SOCK_SEQPACKET, allowed);
            assembler.result(Rule.NOT_PERMITTED.value());
        }
        answer(allowed, passed);
    }

    /** Room that a file's size does not show would be limited by nothing; freeing it is allowed. */
    private void allocation(Rule.Answer passed) {
        var allowed = new Label();
        loadArgument(1);
        assembler.jumpIf(Condition.EQUAL, 0, allowed);
        assembler.jumpIf(Condition.EQUAL, PUNCH_HOLE_AND_KEEP_SIZE, allowed);
        assembler.result(Rule.NOT_SUPPORTED.value());
        answer(allowed, passed);
    }

    /** Typing into the terminal that the job was started from, or into the console, and what would go past the limits. */
    private void ioctl(Rule.Answer passed) {
        var denied = new Label();
        var ofFileSystem = new Label();
        var allowed = new Label();
        loadArgument(1);
        assembler.jumpIf(Condition.EQUAL, TIOCSTI, denied);
        assembler.jumpIf(Condition.EQUAL, TIOCLINUX, denied);
        assembler.and(REQUEST_KIND);
        OF_FILE_SYSTEMS.forEach(kind -> assembler.jumpIf(Condition.EQUAL, kind, ofFileSystem));
        assembler.result(passed.value());
        assembler.mark(ofFileSystem);
        loadArgument(1);
        HARMLESS.forEach(request -> assembler.jumpIf(Condition.EQUAL, request, allowed));
        answer(denied, Rule.NOT_PERMITTED);
        answer(allowed, passed);
    }

    /** A file that others open must not make them wait, and a pipe must not hold more than it is counted with. */
    private void control(Rule.Answer passed) {
        var denied = new Label();
        loadArgument(1);
        HOLDING_UP.forEach(command -> assembler.jumpIf(Condition.EQUAL, command, denied));
        if (policy.keepsBuffers()) {
            assembler.jumpIf(Condition.EQUAL, F_SETPIPE_SZ, denied);
        }
        assembler.result(passed.value());
        answer(denied, Rule.NOT_PERMITTED);
    }

    /** Not for one thread alone, see {@link #cloneFlags}. */
    private void closing(Rule.Answer passed) {
        var denied = new Label();
        loadArgument(2);
        assembler.jumpIf(Condition.ANY_BIT, CLOSE_RANGE_UNSHARE, denied);
        assembler.result(passed.value());
        answer(denied, Rule.NOT_PERMITTED);
    }

    /** The limit that a job's processes are known by, which they could lower otherwise. */
    private void limit(Rule.Answer passed) {
        var denied = new Label();
        loadArgument(0);
        assembler.jumpIf(Condition.EQUAL, MARK_RESOURCE, denied);
        assembler.result(passed.value());
        answer(denied, Rule.NOT_PERMITTED);
    }

    /**
     * The same, and the limits of other processes: where the job has the service's own user, the service's are among them.
     * Asking is allowed. A pointer is looked at whole.
     */
    private void limitOf(Rule.Answer passed) {
        var allowed = new Label();
        var sets = new Label();
        var denied = new Label();
        if (policy.itselfOnly()) {
            loadArgument(0);
            assembler.jumpIf(Condition.AT_LEAST, 1, denied);
        }
        loadArgument(2);
        assembler.jumpIf(Condition.AT_LEAST, 1, sets);
        assembler.load(FIRST_ARGUMENT + ARGUMENT_BYTES * 2 + 4);
        assembler.jumpIf(Condition.AT_LEAST, 1, sets);
        assembler.jump(allowed);
        assembler.mark(sets);
        loadArgument(0);
        assembler.jumpIf(Condition.AT_LEAST, 1, denied);
        loadArgument(1);
        assembler.jumpIf(Condition.EQUAL, MARK_RESOURCE, denied);
        answer(allowed, passed);
        answer(denied, Rule.NOT_PERMITTED);
    }

    /** The calling thread, which all of these calls know as zero. */
    private void itself(OptionalLong kind) {
        var thread = new Label();
        var allowed = new Label();
        int number = 0;
        if (kind.isPresent()) {
            loadArgument(number++);
            assembler.jumpIf(Condition.EQUAL, kind.getAsLong(), thread);
            assembler.result(Rule.NOT_PERMITTED.value());
            assembler.mark(thread);
        }
        loadArgument(number);
        assembler.jumpIf(Condition.EQUAL, 0, allowed);
        assembler.result(Rule.NOT_PERMITTED.value());
        answer(allowed, Rule.ALLOW);
    }

    /** Only the ordinary one, and the question for the present one. */
    private void personality(Rule.Answer passed) {
        var allowed = new Label();
        loadArgument(0);
        assembler.jumpIf(Condition.EQUAL, 0, allowed);
        assembler.jumpIf(Condition.EQUAL, 0xFFFF_FFFFL, allowed);
        assembler.result(Rule.NOT_PERMITTED.value());
        answer(allowed, passed);
    }

    /** Pipes and sockets are made this way too; devices are not for jobs. */
    private void mknod(int mode, Rule.Answer passed) {
        var denied = new Label();
        loadArgument(mode);
        assembler.and(FILE_TYPE);
        assembler.jumpIf(Condition.EQUAL, CHARACTER_DEVICE, denied);
        assembler.jumpIf(Condition.EQUAL, BLOCK_DEVICE, denied);
        assembler.result(passed.value());
        answer(denied, Rule.NOT_PERMITTED);
    }

    /** The low word of an argument, which both architectures store first. */
    private void loadArgument(int index) {
        assembler.load(FIRST_ARGUMENT + ARGUMENT_BYTES * index);
    }

    private void answer(Label label, Rule.Answer answer) {
        assembler.mark(label);
        assembler.result(answer.value());
    }
}
