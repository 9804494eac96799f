#include "hostile.h"
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <grp.h>

void mounts(char **arguments) {
    (void)arguments;
    attempt("mount of a tmpfs", mount("none", "/tmp", "tmpfs", 0, NULL));
    attempt("mount of proc", mount("none", "/tmp", "proc", 0, NULL));
    attempt("bind mount", mount("/etc", "/tmp", NULL, MS_BIND, NULL));
    attempt("remount of the root", mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL));
    attempt("umount", umount2("/proc", MNT_DETACH));
    attempt("pivot_root", syscall(SYS_pivot_root, "/", "/tmp"));
    attempt("chroot", chroot("/tmp"));
    attempt("fsopen", syscall(SYS_fsopen, "tmpfs", 0));
    attempt("open_tree", syscall(SYS_open_tree, AT_FDCWD, "/", 1));
    attempt("move_mount", syscall(SYS_move_mount, AT_FDCWD, "/tmp", AT_FDCWD, "/usr", 0));
    attempt("mount_setattr", syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, NULL, 0));
}

void namespaces(char **arguments) {
    (void)arguments;
    static const struct {
        const char *name;
        int flag;
    } kinds[] = {
        {"user", CLONE_NEWUSER}, {"mount", CLONE_NEWNS}, {"process", CLONE_NEWPID}, {"network", CLONE_NEWNET},
        {"IPC", CLONE_NEWIPC},   {"UTS", CLONE_NEWUTS},  {"cgroup", CLONE_NEWCGROUP},
    };
    for (int i = 0; i < LENGTH(kinds); i++) {
        char what[64];
        snprintf(what, sizeof what, "unshare of a %s namespace", kinds[i].name);
        attempt(what, unshare(kinds[i].flag));
        snprintf(what, sizeof what, "clone with a %s namespace", kinds[i].name);
        long child = syscall(SYS_clone, kinds[i].flag | SIGCHLD, 0, 0, 0, 0);
        if (child == 0) {
            _exit(0);
        }
        attempt(what, child);
        /* What the kernel does not look at must not hide it either. */
        child = syscall(SYS_clone, (unsigned long)kinds[i].flag | SIGCHLD | 0xffff00000000UL, 0, 0, 0, 0);
        if (child == 0) {
            _exit(0);
        }
        attempt(what, child);
    }
    struct {
        unsigned long flags, rest[10];
    } arguments3 = {CLONE_NEWUSER, {0, 0, 0, SIGCHLD}};
    long child = syscall(SYS_clone3, &arguments3, sizeof arguments3);
    if (child == 0) {
        _exit(0);
    }
    attempt("clone3 with a user namespace", child);
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/mnt", service);
    int descriptor = open(path, O_RDONLY);
    attempt("entering the service's mounts", descriptor < 0 ? -1 : setns(descriptor, 0));
    attempt("entering its own", setns(open("/proc/self/ns/net", O_RDONLY), 0));
}

void io_uring(char **arguments) {
    (void)arguments;
    char parameters[256] = {0};
    attempt("io_uring_setup", syscall(SYS_io_uring_setup, 8, parameters));
    attempt("io_uring_enter", syscall(SYS_io_uring_enter, 0, 1, 0, 0, NULL, 0));
    attempt("io_uring_register", syscall(SYS_io_uring_register, 0, 0, NULL, 0));
}

void keys(char **arguments) {
    (void)arguments;
    attempt("add_key", syscall(SYS_add_key, "user", "hostile", "x", 1, KEY_SPEC_USER_KEYRING));
    attempt("request_key", syscall(SYS_request_key, "user", "hostile", NULL, KEY_SPEC_USER_KEYRING));
    attempt("keyctl", syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1));
    attempt("keyctl join", syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "hostile"));
}

void terminal_input(char **arguments) {
    (void)arguments;
    int terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    for (int descriptor = 0; descriptor <= (terminal < 0 ? 2 : terminal); descriptor++) {
        attempt("TIOCSTI", syscall(SYS_ioctl, descriptor, TIOCSTI, "x"));
        attempt("TIOCSTI in disguise", syscall(SYS_ioctl, descriptor, TIOCSTI | 0xffff00000000UL, "x"));
        attempt("TIOCLINUX", syscall(SYS_ioctl, descriptor, TIOCLINUX, "\x03"));
    }
    /* Else the calls would have failed for want of a terminal alone. */
    printf(terminal < 0 ? "no terminal\n" : "a terminal of its own\n");
    attempt("the service's terminal", open("/dev/tty", O_RDWR));
}

#ifdef __x86_64__
/* getpid of the 32-bit table, from a 64-bit program. */
static int call_32_bit(void) {
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory", "r8", "r9", "r10", "r11");
    return result > 0 ? 0 : 1;
}

static int unshare_32_bit(void) {
    long result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(310L), "b"((long)CLONE_NEWUSER)
                     : "memory", "r8", "r9", "r10", "r11");
    return result == 0 ? 0 : 1;
}

static int call_x32(void) {
    return syscall(0x40000000L | SYS_getpid) > 0 ? 0 : 1;
}
#endif

static int call_unknown(void) {
    return syscall(100000) < 0;
}

void foreign_system_calls(char **arguments) {
    (void)arguments;
#ifdef __x86_64__
    attempt_apart("a 32-bit system call", call_32_bit);
    attempt_apart("a 32-bit unshare", unshare_32_bit);
    attempt_apart("an x32 system call", call_x32);
#endif
    attempt_apart("a system call nobody knows", call_unknown);
}

void privileged_calls(char **arguments) {
    (void)arguments;
    struct timeval now = {0, 0};
    attempt("bpf", syscall(SYS_bpf, 5, NULL, 0));
    attempt("perf_event_open", syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
    attempt("userfaultfd", syscall(SYS_userfaultfd, 0));
    attempt("userfaultfd, user mode only", syscall(SYS_userfaultfd, 1));
    attempt("kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, 0));
    attempt("init_module", syscall(SYS_init_module, NULL, 0, ""));
    attempt("reboot", syscall(SYS_reboot, 0, 0, 0, NULL));
    attempt("swapon", syscall(SYS_swapon, "/tmp/none", 0));
    attempt("settimeofday", settimeofday(&now, NULL));
    attempt("sethostname", sethostname("hostile", 7));
    attempt("setdomainname", setdomainname("hostile", 7));
    attempt("quotactl", syscall(SYS_quotactl, 0, NULL, 0, NULL));
    attempt("acct", syscall(SYS_acct, NULL));
    attempt("syslog", syscall(SYS_syslog, 3, NULL, 0));
    attempt("fanotify_init", syscall(SYS_fanotify_init, 0, 0));
    attempt("personality", personality(ADDR_NO_RANDOMIZE));
    attempt("mlockall beyond its memory", mlockall(MCL_FUTURE) == 0 && mmap(NULL, 512L << 20, PROT_READ | PROT_WRITE,
                                                                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                                                                               != MAP_FAILED
                                              ? 0
                                              : -1);
#ifdef __x86_64__
    attempt("iopl", syscall(SYS_iopl, 3));
    attempt("ioperm", syscall(SYS_ioperm, 0, 8, 1));
#endif
}

void privileges(char **arguments) {
    (void)arguments;
    attempt("setuid(0)", setuid(0));
    attempt("setresuid(0)", setresuid(0, 0, 0));
    attempt("setgid(0)", setgid(0));
    attempt("setgroups", setgroups(0, NULL));
    if (service != getppid()) {
        attempt("another user", setuid(1));
    }
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct all[2] = {{~0U, ~0U, ~0U}, {~0U, ~0U, ~0U}};
    attempt("capset", syscall(SYS_capset, &header, all));
    attempt("ambient capabilities", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 7, 0, 0));
    attempt("keeping capabilities", prctl(PR_SET_SECUREBITS, 0x2f));
    attempt("giving up no_new_privs", prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
    attempt("leaving seccomp", prctl(PR_SET_SECCOMP, SECCOMP_MODE_DISABLED, NULL));
    attempt("another loader's memory map", prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, 0, 0, 0));
}

/* A program that never was a file is under the same filter. */
void memory_file_program(char **arguments) {
    (void)arguments;
    int copy = memfd_create("program", 0);
    int self = open("/proc/self/exe", O_RDONLY);
    char block[65536];
    long length;
    while (self >= 0 && copy >= 0 && (length = read(self, block, sizeof block)) > 0) {
        if (write(copy, block, (size_t)length) != length) {
            exit(3);
        }
    }
    char *argv[] = {"program", "mounts", "1", NULL};
    char *environment[] = {NULL};
    fexecve(copy, argv, environment);
    attempt("execution of a file in memory", -1);
}

void huge_arguments(char **arguments) {
    (void)arguments;
    size_t size = 4096;
    char **argv = calloc(size, sizeof *argv);
    char *word = malloc(100 * 1024);
    memset(word, 'x', 100 * 1024 - 1);
    word[100 * 1024 - 1] = '\0';
    for (size_t i = 0; i + 1 < size; i++) {
        argv[i] = word;
    }
    execve("/bin/true", argv, argv);
    attempt("execve with 400 MB of arguments and variables", -1);
}

static int another_pipe(void) {
    int ends[2];
    return pipe(ends);
}

static int another_file(void) {
    return open("/dev/null", O_RDONLY);
}

static int another_epoll(void) {
    return epoll_create1(0);
}

static int another_event(void) {
    return eventfd(0, 0);
}

static int another_timer(void) {
    return timerfd_create(CLOCK_MONOTONIC, 0);
}

/* As many as there are to have, of each kind, by processes of their own. */
void descriptors(char **arguments) {
    (void)arguments;
    static const struct {
        const char *name;
        int (*more)(void);
    } kinds[] = {{"files", another_file}, {"pipes", another_pipe},   {"inotify", inotify_init},
                 {"epoll", another_epoll}, {"events", another_event}, {"timers", another_timer}};
    for (int i = 0; i < LENGTH(kinds); i++) {
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            for (int count = 0; count < 200000; count++) {
                if (kinds[i].more() < 0) {
                    contained(kinds[i].name, strerror(errno));
                    exit(0);
                }
            }
            broke(kinds[i].name);
            exit(0);
        }
    }
    while (wait(NULL) > 0) {
    }
    printf("done\n");
}

static int without_files(void *nothing) {
    (void)nothing;
    syscall(SYS_exit, 0);
    return 0;
}

/* A thread that has files open for itself alone, which do not show at its process. */
void descriptors_of_a_thread(char **arguments) {
    (void)arguments;
    static char stack[64 * 1024] __attribute__((aligned(16)));
    attempt("closing for itself", syscall(SYS_close_range, 1000, 1001, 2 /* CLOSE_RANGE_UNSHARE */));
    attempt("leaving the others' descriptors", syscall(SYS_unshare, CLONE_FILES));
    attempt("a thread without the others' descriptors",
            clone(without_files, stack + sizeof stack, CLONE_VM | CLONE_FS | CLONE_SIGHAND | CLONE_THREAD, NULL));
}
