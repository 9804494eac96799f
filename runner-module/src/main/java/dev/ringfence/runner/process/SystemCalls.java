package dev.ringfence.runner.process;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * System calls that the C library has no function for, or whose function acts on all threads of the process where only
 * the calling one is meant. Those named {@code thread…} change the calling thread alone, and for good.
 */
final class SystemCalls {
    static final boolean AARCH64 = System.getProperty("os.arch", "").equals("aarch64");

    static final int EXECVE = AARCH64 ? 221 : 59;
    static final int CLONE = AARCH64 ? 220 : 56;

    /** The architecture as the kernel names it to a filter ({@code AUDIT_ARCH_…}). */
    static final int AUDIT_ARCHITECTURE = AARCH64 ? 0xC000_00B7 : 0xC000_003E;

    private static final int IOCTL = AARCH64 ? 29 : 16;
    private static final int SOCKET = AARCH64 ? 198 : 41;
    private static final int CONNECT = AARCH64 ? 203 : 42;
    private static final int GETTID = AARCH64 ? 178 : 186;
    private static final int TGKILL = AARCH64 ? 131 : 234;
    private static final int PRCTL = AARCH64 ? 167 : 157;
    private static final int SECCOMP = AARCH64 ? 277 : 317;
    private static final int SETGROUPS = AARCH64 ? 159 : 116;
    private static final int SETRESUID = AARCH64 ? 147 : 117;
    private static final int SETRESGID = AARCH64 ? 149 : 119;
    private static final int CAPSET = AARCH64 ? 91 : 126;
    private static final int WAITID = AARCH64 ? 95 : 247;
    private static final int PIDFD_SEND_SIGNAL = 424;
    private static final int PIDFD_OPEN = 434;
    private static final int MKDIRAT = AARCH64 ? 34 : 258;
    private static final int UNLINKAT = AARCH64 ? 35 : 263;
    private static final int RENAMEAT2 = AARCH64 ? 276 : 316;
    private static final int OPENAT2 = 437;
    private static final int UTIMENSAT = AARCH64 ? 88 : 280;
    private static final int FCHOWNAT = AARCH64 ? 54 : 260;
    private static final int STATX = AARCH64 ? 291 : 332;
    private static final int GETDENTS64 = AARCH64 ? 61 : 217;
    private static final int FCHMODAT2 = 452;
    private static final int LANDLOCK_CREATE_RULESET = 444;
    private static final int LANDLOCK_ADD_RULE = 445;
    private static final int LANDLOCK_RESTRICT_SELF = 446;
    private static final int LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF = 1;

    /** {@code siginfo_t}: the process number stands behind three words and padding. */
    private static final long SIGINFO_SIZE = 128;

    private static final long SIGINFO_PID = 16;

    private static final int ALL_CHILDREN = 0;
    private static final int P_PIDFD = 3;
    private static final int WNOHANG = 0x1;
    private static final int WEXITED = 0x4;
    private static final int WNOWAIT = 0x0100_0000;

    private static final int PR_CAPBSET_DROP = 24;
    private static final int PR_SET_CHILD_SUBREAPER = 36;
    private static final int PR_SET_NO_NEW_PRIVS = 38;
    private static final int PR_CAP_AMBIENT = 47;
    private static final int PR_CAP_AMBIENT_CLEAR_ALL = 4;
    private static final int SECCOMP_SET_MODE_FILTER = 1;
    private static final int SECCOMP_FILTER_FLAG_NEW_LISTENER = 8;

    /** Once a question was heard, only a fatal signal makes it fail; since Linux 5.19. */
    private static final int SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV = 32;

    private static final int CAPABILITY_VERSION_3 = 0x2008_0522;
    private static final int MOST_CAPABILITIES = 64;

    private static final int STATFS = AARCH64 ? 43 : 137;
    private static final long O_PATH_CLOEXEC = 0x200000 | 0x80000;
    private static final long O_CLOEXEC = 0x80000;
    private static final long O_WRONLY_CREAT_EXCL = 0x1 | 0x40 | 0x80;

    /** One of the few flags that differ between the two architectures. */
    private static final long O_DIRECTORY = AARCH64 ? 0x4000 : 0x10000;

    private static final long RESOLVE_NO_XDEV = 0x01;
    private static final long RESOLVE_NO_MAGICLINKS = 0x02;
    private static final long RESOLVE_NO_SYMLINKS = 0x04;
    private static final long RESOLVE_BENEATH = 0x08;

    /** Another one of them. */
    static final int O_NOFOLLOW = AARCH64 ? 0x8000 : 0x20000;

    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int AT_SYMLINK_NOFOLLOW = 0x100;
    private static final int STATX_INO = 0x100;
    private static final int RENAME_NOREPLACE = 1;
    private static final int AT_REMOVEDIR = 0x200;
    private static final int READLINKAT = AARCH64 ? 78 : 267;
    private static final int AT_FDCWD = -100;

    private static final int AF_UNIX = 1;
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_NONBLOCK = 0x800;
    private static final int SOCK_CLOEXEC = 0x80000;

    private SystemCalls() {}

    /** A descriptor that stands for the process itself: its number may be given anew, the descriptor never is. */
    static int pidDescriptor(int pid) {
        return (int) check("pidfd_open", call(PIDFD_OPEN, pid, 0, 0, 0));
    }

    /** The same; empty when there is no process of that number. */
    static OptionalInt pidDescriptorIfThere(int pid) {
        long result = call(PIDFD_OPEN, pid, 0, 0, 0);
        // The others: only a thread, a process group or a session has the number any more, as older and newer kernels
        // say.
        boolean gone = result == -Errno.ESRCH || result == -Errno.EINVAL || result == -Errno.ENOENT;
        return gone ? OptionalInt.empty() : OptionalInt.of((int) check("pidfd_open", result));
    }

    /** Takes the entry of an ended child of ours from the process table; empty when it is no such child. */
    static Optional<Waited> reapHeld(int pidDescriptor) {
        try (var arena = Arena.ofConfined()) {
            // A siginfo_t, in which a process number shows that there was one.
            var found = arena.allocate(SIGINFO_SIZE, 8);
            var usage = arena.allocate(Waited.RUSAGE_SIZE, 8);
            long result = Libc.syscall(
                    WAITID, P_PIDFD, pidDescriptor, found.address(), WEXITED | WNOHANG, usage.address(), 0);
            return result == 0 && found.get(ValueLayout.JAVA_INT, SIGINFO_PID) != 0
                    ? Optional.of(Waited.of(0, usage))
                    : Optional.empty();
        }
    }

    /** False when the process is gone already. */
    static boolean signal(int pidDescriptor, int signal) {
        long result = call(PIDFD_SEND_SIGNAL, pidDescriptor, signal, 0, 0);
        if (result == -Errno.ESRCH) {
            return false;
        }
        check("pidfd_send_signal", result);
        return true;
    }

    /** One of the children that have ended and that nobody has waited for; it stays to be waited for. */
    static OptionalInt endedChild() {
        try (var arena = Arena.ofConfined()) {
            var found = arena.allocate(SIGINFO_SIZE, 8);
            long result = call(WAITID, ALL_CHILDREN, 0, found.address(), WEXITED | WNOHANG | WNOWAIT);
            int pid = found.get(ValueLayout.JAVA_INT, SIGINFO_PID);
            return result == 0 && pid != 0 ? OptionalInt.of(pid) : OptionalInt.empty();
        }
    }

    /** The calling thread, as the kernel numbers it. */
    static int thread() {
        return (int) call(GETTID, 0, 0, 0, 0);
    }

    /** Whether this process has a thread of that number, also one that is ending. */
    static boolean ownThread(int thread) {
        return call(TGKILL, ProcessHandle.current().pid(), thread, 0, 0) != -Errno.ESRCH;
    }

    /** Orphans of this process's tree become its own children, not those of the system's first process. */
    static void adoptOrphans() {
        check("prctl(PR_SET_CHILD_SUBREAPER)", call(PRCTL, PR_SET_CHILD_SUBREAPER, 1, 0, 0));
    }

    /**
     * A descriptor that stands for what lies at an absolute path none of whose names is a link.
     *
     * @throws NativeCallException with ELOOP when one is
     */
    static int pathWithoutLinks(String path) {
        return path(AT_FDCWD, path, RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS);
    }

    /**
     * Stands for what lies at a path below a directory, or at an absolute one; no process's own links are followed.
     *
     * @param path with the zero at its end
     */
    static int path(int directory, byte[] path, boolean follow) {
        try (var arena = Arena.ofConfined()) {
            var name = arena.allocateFrom(ValueLayout.JAVA_BYTE, path);
            return open(directory, name, O_PATH_CLOEXEC | (follow ? 0 : O_NOFOLLOW), 0, RESOLVE_NO_MAGICLINKS);
        }
    }

    /** Stands for what a process's own link leads to, such as its directory. */
    static int linkedPath(String path) {
        return path(AT_FDCWD, path, 0);
    }

    private static int path(int directory, String path, long resolve) {
        try (var arena = Arena.ofConfined()) {
            return open(directory, arena.allocateFrom(path), O_PATH_CLOEXEC, 0, resolve);
        }
    }

    private static int open(int directory, MemorySegment name, long flags, long mode, long resolve) {
        try (var arena = Arena.ofConfined()) {
            // struct open_how: flags, mode, resolve, of 64 bits each.
            var how = arena.allocateFrom(ValueLayout.JAVA_LONG, flags, mode, resolve);
            return (int) check("openat2", call(OPENAT2, directory, name.address(), how.address(), how.byteSize()));
        }
    }

    /** Of what a descriptor stands for; since Linux 6.6. */
    static void changeMode(int descriptor, int mode) {
        try (var arena = Arena.ofConfined()) {
            long name = arena.allocateFrom("").address();
            check("fchmodat2", call(FCHMODAT2, descriptor, name, mode, AT_EMPTY_PATH));
        }
    }

    /** Of what a descriptor stands for: seconds and nanoseconds of the last access and the last change; null for now. */
    static void changeTimes(int descriptor, long @Nullable [] times) {
        try (var arena = Arena.ofConfined()) {
            long name = arena.allocateFrom("").address();
            long at = times == null
                    ? 0
                    : arena.allocateFrom(ValueLayout.JAVA_LONG, times).address();
            check("utimensat", call(UTIMENSAT, descriptor, name, at, AT_EMPTY_PATH));
        }
    }

    /** What a link that a descriptor stands for leads to, as far as it fits, or the negative errno when it is none. */
    static long linkTarget(int descriptor, MemorySegment target) {
        try (var arena = Arena.ofConfined()) {
            return call(READLINKAT, descriptor, arena.allocateFrom("").address(), target.address(), target.byteSize());
        }
    }

    /** Empty when it cannot be reached. */
    static Optional<FileSystemUse> fileSystem(String path) {
        try (var arena = Arena.ofConfined()) {
            // struct statfs: type, block size, blocks, free, available, files, free files, of 64 bits each, and more.
            var found = arena.allocate(256, 8);
            var name = arena.allocateFrom(path);
            if (call(STATFS, name.address(), found.address(), 0, 0) < 0) {
                return Optional.empty();
            }
            long block = found.getAtIndex(ValueLayout.JAVA_LONG, 1);
            long blocks = found.getAtIndex(ValueLayout.JAVA_LONG, 2);
            long free = found.getAtIndex(ValueLayout.JAVA_LONG, 3);
            long files = found.getAtIndex(ValueLayout.JAVA_LONG, 5) - found.getAtIndex(ValueLayout.JAVA_LONG, 6);
            return Optional.of(new FileSystemUse(blocks * block, (blocks - free) * block, files));
        }
    }

    /** A unix stream socket that does not block and is closed on exec. */
    static int unixSocket() {
        return (int) check("socket", call(SOCKET, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, 0));
    }

    /** @param address a {@code struct sockaddr} */
    static void connect(int descriptor, MemorySegment address) {
        check("connect", call(CONNECT, descriptor, address.address(), address.byteSize(), 0));
    }

    static long ioctl(int descriptor, long request, MemorySegment argument) {
        return call(IOCTL, descriptor, request, argument.address(), 0);
    }

    /** A descriptor of a new set of rules, or the negative errno; with no attributes the version of Landlock. */
    static long landlockRuleset(MemorySegment attributes, int flags) {
        return call(LANDLOCK_CREATE_RULESET, attributes.address(), attributes.byteSize(), flags, 0);
    }

    static void landlockRule(int ruleset, int type, MemorySegment rule) {
        check("landlock_add_rule", call(LANDLOCK_ADD_RULE, ruleset, type, rule.address(), 0));
    }

    /**
     * Zero, or the negative errno.
     *
     * @param quiet for a domain whose refusals are no news, where the kernel can leave them out of its audit
     */
    static long threadLandlock(int ruleset, boolean quiet) {
        return call(LANDLOCK_RESTRICT_SELF, ruleset, quiet ? LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF : 0, 0, 0);
    }

    /** Zero, or the negative errno. */
    static long threadNoNewPrivileges() {
        return call(PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0, 0);
    }

    /**
     * Puts a filter on the thread.
     *
     * @param program a {@code struct sock_fprog}
     * @return the descriptor of its listener, which is closed on exec, or the negative errno
     */
    static long threadFilter(MemorySegment program) {
        int flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
        long result = call(SECCOMP, SECCOMP_SET_MODE_FILTER, flags, program.address(), 0);
        return result == -Errno.EINVAL
                ? call(SECCOMP, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, program.address(), 0)
                : result;
    }

    /**
     * Changes user and group, and leaves all other groups but those that are given. The C library's functions would
     * change every thread.
     *
     * @param groups of 32 bits each
     * @return zero, or the negative errno
     */
    static long threadUser(int user, MemorySegment groups) {
        long result = call(SETGROUPS, groups.byteSize() / Integer.BYTES, groups.address(), 0, 0);
        if (result == 0) {
            result = call(SETRESGID, user, user, user, 0);
        }
        return result == 0 ? call(SETRESUID, user, user, user, 0) : result;
    }

    /**
     * Takes every capability out of the bounding set, as far as the thread may; without that right, no_new_privs
     * keeps any from being gained.
     *
     * @return zero, or the negative errno
     */
    static long threadBounds() {
        for (int capability = 0; capability < MOST_CAPABILITIES; capability++) {
            long result = call(PRCTL, PR_CAPBSET_DROP, capability, 0, 0);
            if (result == -Errno.EINVAL || result == -Errno.EPERM) {
                return 0;
            }
            if (result != 0) {
                return result;
            }
        }
        return 0;
    }

    /**
     * Gives up every capability.
     *
     * @param capabilities from {@link #noCapabilities}
     * @return zero, or the negative errno
     */
    static long threadCapabilities(MemorySegment capabilities) {
        long result = call(PRCTL, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0);
        return result == 0 ? call(CAPSET, capabilities.address(), capabilities.address() + HEADER_BYTES, 0, 0) : result;
    }

    private static final long HEADER_BYTES = 8;

    /** A {@code __user_cap_header_struct} for the calling thread, and behind it two empty data structures. */
    static MemorySegment noCapabilities(Arena arena) {
        var segment = arena.allocate(HEADER_BYTES + 24, 8);
        segment.set(ValueLayout.JAVA_INT, 0, CAPABILITY_VERSION_3);
        return segment;
    }

    /**
     * Stands for what lies below a directory, without opening it for reading or writing. The kernel follows no link on
     * the way, and never leaves the directory.
     */
    static int pathBeneath(int directory, String path) {
        return path(directory, path, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
    }

    /**
     * Stands for a directory of the same file system below another one; nothing that is mounted there is entered, and no
     * link is followed.
     */
    static int directoryWithin(int directory, byte[] name) {
        return within(directory, name, O_PATH_CLOEXEC | O_DIRECTORY);
    }

    /** Opens a directory that a descriptor stands for, to list what is in it. */
    static int openForListing(int directory) {
        return within(directory, new byte[] {'.', 0}, O_DIRECTORY | O_CLOEXEC);
    }

    private static int within(int directory, byte[] name, long flags) {
        try (var arena = Arena.ofConfined()) {
            var path = arena.allocateFrom(ValueLayout.JAVA_BYTE, name);
            long resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
            return open(directory, path, flags, 0, resolve);
        }
    }

    /**
     * Lists some more of an open directory ({@code struct linux_dirent64}).
     *
     * @return how many bytes of the entries were filled; zero at the end
     */
    static int list(int directory, MemorySegment entries) {
        return (int) check("getdents64", call(GETDENTS64, directory, entries.address(), entries.byteSize(), 0));
    }

    /** Makes a file that was not there, in a directory, and opens it for writing. */
    static int createBeneath(int directory, String name, int mode) {
        try (var arena = Arena.ofConfined()) {
            return open(
                    directory,
                    arena.allocateFrom(name),
                    O_WRONLY_CREAT_EXCL | O_CLOEXEC,
                    mode,
                    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
        }
    }

    /** Of what a descriptor stands for. */
    static void changeOwner(int descriptor, int user, int group) {
        try (var arena = Arena.ofConfined()) {
            long name = arena.allocateFrom("").address();
            check("fchownat", Libc.syscall(FCHOWNAT, descriptor, name, user, group, AT_EMPTY_PATH, 0));
        }
    }

    /**
     * Which file a name of a directory is, or the descriptor itself when the name is empty: a link is not followed.
     *
     * @return the numbers of its file system and of itself
     */
    static FileNumbers numbers(int directory, String name) {
        try (var arena = Arena.ofConfined()) {
            // struct statx: the inode behind 32 bytes, the device's two numbers of 32 bits behind 136.
            var found = arena.allocate(256, 8);
            long path = arena.allocateFrom(name).address();
            int flags = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH;
            check("statx", Libc.syscall(STATX, directory, path, flags, STATX_INO, found.address(), 0));
            return new FileNumbers(found.get(ValueLayout.JAVA_LONG, 136), found.get(ValueLayout.JAVA_LONG, 32));
        }
    }

    record FileNumbers(long device, long inode) {}

    /** Moves a single name of a directory to another one in it; a link is moved, not followed. */
    static void rename(int directory, String from, String to, boolean replace) {
        try (var arena = Arena.ofConfined()) {
            long source = arena.allocateFrom(from).address();
            long target = arena.allocateFrom(to).address();
            int flags = replace ? 0 : RENAME_NOREPLACE;
            check("renameat2", Libc.syscall(RENAMEAT2, directory, source, directory, target, flags, 0));
        }
    }

    /** Moves a name of a directory to one in another directory that is not taken; a link is moved, not followed. */
    static void move(int from, byte[] name, int to, byte[] fresh) {
        try (var arena = Arena.ofConfined()) {
            long source = arena.allocateFrom(ValueLayout.JAVA_BYTE, name).address();
            long target = arena.allocateFrom(ValueLayout.JAVA_BYTE, fresh).address();
            check("renameat2", Libc.syscall(RENAMEAT2, from, source, to, target, RENAME_NOREPLACE, 0));
        }
    }

    /** Removes a single name of a directory: an empty directory, or anything but a directory. */
    static void remove(int directory, byte[] name, boolean isDirectory) {
        try (var arena = Arena.ofConfined()) {
            long target = arena.allocateFrom(ValueLayout.JAVA_BYTE, name).address();
            check("unlinkat", call(UNLINKAT, directory, target, isDirectory ? AT_REMOVEDIR : 0, 0));
        }
    }

    static void makeDirectory(int directory, String name, int mode) {
        try (var arena = Arena.ofConfined()) {
            check("mkdirat", call(MKDIRAT, directory, arena.allocateFrom(name).address(), mode, 0));
        }
    }

    static long check(String name, long result) {
        if (result < 0) {
            throw new NativeCallException(name, (int) -result);
        }
        return result;
    }

    private static long call(int number, long a, long b, long c, long d) {
        return Libc.syscall(number, a, b, c, d, 0, 0);
    }
}
