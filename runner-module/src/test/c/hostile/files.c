#include "hostile.h"
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <libgen.h>
#include <linux/fs.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

static void show(const char *path) {
    char block[65536];
    int descriptor = open(path, O_RDONLY | O_NONBLOCK);
    long length = descriptor < 0 ? -1 : read(descriptor, block, sizeof block);
    if (length < 0) {
        printf("denied %s: %s\n", path, strerror(errno));
    } else {
        printf("read %s: ", path);
        fflush(stdout);
        if (write(1, block, (size_t)length) < 0 || write(1, "\n", 1) < 0) {
            exit(3);
        }
    }
    if (descriptor >= 0) {
        close(descriptor);
    }
}

/* Prints whatever can be read of others. The test knows the secrets. ARGUMENTS: files of the host. */
void read_secrets(char **arguments) {
    for (; *arguments != NULL; arguments++) {
        show(*arguments);
    }
    const char *parts[] = {"environ", "cmdline", "maps", "mem", "status", "auxv", "stack", "syscall", "io"};
    char path[300];
    for (int i = 0; i < LENGTH(parts); i++) {
        snprintf(path, sizeof path, "/proc/%d/%s", service, parts[i]);
        show(path);
    }
    const char *links[] = {"root/etc/shadow", "cwd/pom.xml", "fd/0", "task/../environ"};
    for (int i = 0; i < LENGTH(links); i++) {
        snprintf(path, sizeof path, "/proc/%d/%s", service, links[i]);
        show(path);
    }
    DIR *processes = opendir("/proc");
    if (processes != NULL) {
        for (struct dirent *entry; (entry = readdir(processes)) != NULL;) {
            if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') {
                snprintf(path, sizeof path, "/proc/%s/environ", entry->d_name);
                show(path);
            }
        }
        closedir(processes);
    }
    snprintf(path, sizeof path, "/proc/%d/mem", service);
    attempt("writing the service's memory", open(path, O_RDWR));
    struct file_handle *handle = calloc(1, sizeof(struct file_handle) + MAX_HANDLE_SZ);
    handle->handle_bytes = MAX_HANDLE_SZ;
    int mount;
    attempt("name_to_handle_at", name_to_handle_at(AT_FDCWD, "/", handle, &mount, 0));
    handle->handle_bytes = 8;
    handle->handle_type = 1;
    handle->f_handle[0] = 2;
    attempt("open_by_handle_at", open_by_handle_at(AT_FDCWD, handle, O_RDONLY));
    free(handle);
}

/* ARGUMENTS: files that must not come to be. */
void write_outside(char **arguments) {
    for (; *arguments != NULL; arguments++) {
        attempt(*arguments, open(*arguments, O_CREAT | O_WRONLY, 0666));
    }
    const char *existing[] = {
        "/etc/passwd", "/usr/bin/true", "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname",
        "/proc/sys/vm/drop_caches", "/proc/sys/fs/file-max", "/proc/sysrq-trigger",
        "/sys/kernel/mm/transparent_hugepage/enabled", "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/pids/cgroup.procs",
    };
    for (int i = 0; i < LENGTH(existing); i++) {
        attempt(existing[i], open(existing[i], O_WRONLY));
    }
    int descriptor = open("/proc/self/oom_score_adj", O_WRONLY);
    attempt("hiding from the out-of-memory killer", descriptor < 0 ? -1 : write(descriptor, "-1000", 5));
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/oom_score_adj", service);
    attempt("offering the service to it", open(path, O_WRONLY));
    attempt("truncate /etc/passwd", truncate("/etc/passwd", 0));
    attempt("chmod /etc", chmod("/etc", 0777));
    attempt("rename /usr/bin", rename("/usr/bin", "/usr/bin2"));
    attempt("unlink /usr/bin/true", unlink("/usr/bin/true"));
    attempt("mkdir /newdir", mkdir("/newdir", 0777));
    attempt("symlink /newlink", symlink("/etc", "/newlink"));
    attempt("chown of root's", chown("/usr/bin/true", geteuid(), getegid()));
}

/* Swaps a directory and a link to a host's directory, until it is killed, while whoever cleans up comes by.
 * ARGUMENTS: work directory, and the directory that must stay as it is. */
void symlink_swap(char **arguments) {
    if (chdir(arguments[0]) < 0) {
        exit(3);
    }
    signal(SIGTERM, SIG_IGN);
    for (int i = 0; i < 8; i++) {
        char name[32];
        snprintf(name, sizeof name, "link%d", i);
        if (symlink(arguments[1], name) < 0) {
            exit(3);
        }
    }
    mkdir("swap", 0777);
    close(open("swap/file", O_CREAT | O_WRONLY, 0666));
    if (symlink(arguments[1], "trap") < 0) {
        exit(3);
    }
    printf("swapping\n");
    for (;;) {
        syscall(SYS_renameat2, AT_FDCWD, "swap", AT_FDCWD, "trap", 2 /* RENAME_EXCHANGE */);
    }
}

/* What is hard to remove: directories without permissions, deeper than any path, with odd names. ARGUMENTS: where. */
void stubborn_files(char **arguments) {
    if (chdir(arguments[0]) < 0) {
        exit(3);
    }
    mkdir("closed", 0700);
    close(open("closed/file", O_CREAT | O_WRONLY, 0));
    chmod("closed", 0);
    mkdir("a\nb\\ \xff\xfe", 0700);
    int depth = 0;
    while (depth < 2000 && mkdir("deep-directory", 0700) == 0 && chdir("deep-directory") == 0) {
        depth++;
    }
    printf("%d deep\n", depth);
}

static void fill(int descriptor, const char *what) {
    static char block[256 * 1024];
    memset(block, 1, sizeof block);
    for (int i = 0; i < 2048; i++) {
        if (write(descriptor, block, sizeof block) != sizeof block) {
            contained(what, strerror(errno));
            return;
        }
    }
    broke(what);
}

/* Files without names, that only their descriptors keep. ARGUMENTS: where. */
void unlinked_huge_file(char **arguments) {
    signal(SIGXFSZ, SIG_IGN);
    for (int i = 0; i < 4; i++) {
        char path[300];
        snprintf(path, sizeof path, "%s/unlinked%d", arguments[0], i);
        int descriptor = open(path, O_CREAT | O_RDWR, 0600);
        unlink(path);
        fill(descriptor, "unlinked file");
    }
}

void sparse_file(char **arguments) {
    char path[300];
    snprintf(path, sizeof path, "%s/sparse", arguments[0]);
    int descriptor = open(path, O_CREAT | O_RDWR, 0600);
    printf("making it\n");
    attempt("a file of a terabyte", ftruncate(descriptor, 1L << 40));
}

void many_files(char **arguments) {
    for (int i = 0; i < 300000; i++) {
        char path[300];
        snprintf(path, sizeof path, "%s/%d", arguments[0], i);
        int descriptor = open(path, O_CREAT | O_WRONLY, 0600);
        if (descriptor < 0) {
            contained("files", strerror(errno));
            return;
        }
        close(descriptor);
    }
    broke("files");
}

void fifo_that_never_opens(char **arguments) {
    char path[300];
    snprintf(path, sizeof path, "%s/fifo", arguments[0]);
    mkfifo(path, 0600);
    printf("opening\n");
    close(open(path, O_RDONLY));
    broke("fifo");
}

void core_dump(char **arguments) {
    struct rlimit any = {RLIM_INFINITY, RLIM_INFINITY};
    setrlimit(RLIMIT_CORE, &any);
    if (chdir(arguments[0]) < 0) {
        exit(3);
    }
    abort();
}

void devices(char **arguments) {
    const char *nodes[] = {"/dev/mem",     "/dev/kmem", "/dev/port", "/dev/kmsg", "/dev/sda",      "/dev/vda",
                           "/dev/nvme0n1", "/dev/loop0", "/dev/fuse", "/dev/kvm",  "/dev/net/tun", "/dev/loop-control",
                           "/dev/console", "/dev/tty0", "/dev/ppp",  "/dev/vhost-net"};
    for (int i = 0; i < LENGTH(nodes); i++) {
        attempt(nodes[i], open(nodes[i], O_RDWR));
    }
    char path[300];
    snprintf(path, sizeof path, "%s/node", arguments[0]);
    attempt("mknod of a character device", mknod(path, S_IFCHR | 0666, makedev(1, 1)));
    attempt("mknod of a block device", mknod(path, S_IFBLK | 0666, makedev(8, 0)));
}

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

/* What an owner may do to a file, wherever it is. ARGUMENTS: where to work, and files and directories of the host. */
void change_others(char **arguments) {
    char link[300];
    snprintf(link, sizeof link, "%s/link", arguments[0]);
    struct timespec times[] = {{1, 0}, {1, 0}};
    for (arguments++; *arguments != NULL; arguments++) {
        char *file = *arguments;
        unlink(link);
        if (symlink(file, link) < 0) {
            exit(3);
        }
        char copy[300];
        char name[300];
        snprintf(copy, sizeof copy, "%s", file);
        snprintf(name, sizeof name, "%s", basename(copy));
        snprintf(copy, sizeof copy, "%s", file);
        int directory = open(dirname(copy), O_PATH);
        int itself = open(file, O_PATH);
        attempt("chmod", chmod(file, 0777));
        attempt("chmod by a link", chmod(link, 0777));
        attempt("chmod by its directory", fchmodat(directory, name, 0777, 0));
        attempt("chmod by a descriptor", syscall(SYS_fchmodat2, itself, "", 0777, AT_EMPTY_PATH));
        attempt("other times", utimensat(AT_FDCWD, file, times, 0));
        attempt("the present time", utimensat(AT_FDCWD, link, NULL, 0));
        attempt("other times by a descriptor", utimensat(itself, "", times, AT_EMPTY_PATH));
        attempt("another owner", lchown(file, geteuid(), getegid()));
        attempt("an attribute", setxattr(file, "user.changed", "x", 1, 0));
        attempt("watching it", inotify_add_watch(inotify_init(), file, IN_ALL_EVENTS));
        close(directory);
        close(itself);
    }
}

/* What takes room that no size tells of. ARGUMENTS: where. */
void reserve_room(char **arguments) {
    struct reservation {
        short type;
        short whence;
        long start;
        long length;
        int system;
        unsigned int process;
        int padding[4];
    } reservation = {0, 0, 0, 600L << 20, 0, 0, {0}};
    char path[300];
    char value[4000] = {0};
    snprintf(path, sizeof path, "%s/reserved", arguments[0]);
    int descriptor = open(path, O_CREAT | O_RDWR, 0600);
    attempt("room behind the end", fallocate(descriptor, FALLOC_FL_KEEP_SIZE, 0, 600L << 20));
    attempt("zeros behind the end", fallocate(descriptor, FALLOC_FL_KEEP_SIZE | FALLOC_FL_ZERO_RANGE, 0, 600L << 20));
    attempt("room by another call", ioctl(descriptor, _IOW('X', 42, struct reservation), &reservation));
    attempt("an attribute of its own", fsetxattr(descriptor, "user.room", value, sizeof value, 0));
    printf("freed %d\n", fallocate(descriptor, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, 4096));
}

/* Files without names that are on their way from one socket to another, where no process has them. ARGUMENTS: where. */
void sent_files(char **arguments) {
    static char block[1024 * 1024];
    char path[300];
    int ends[2] = {-1, -1};
    snprintf(path, sizeof path, "%s/sent", arguments[0]);
    for (int i = 0; i < 120; i++) {
        if (i % 100 == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) {
            contained("sockets", strerror(errno));
            return;
        }
        int file = open(path, O_CREAT | O_EXCL | O_RDWR, 0600);
        unlink(path);
        if (write(file, block, sizeof block) != sizeof block) {
            contained("files on their way", strerror(errno));
            return;
        }
        char control[CMSG_SPACE(sizeof file)] = {0};
        struct iovec byte = {"x", 1};
        struct msghdr message = {.msg_iov = &byte, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof file);
        memcpy(CMSG_DATA(rights), &file, sizeof file);
        if (sendmsg(ends[0], &message, 0) < 0) {
            contained("files on their way", strerror(errno));
            return;
        }
        close(file);
        usleep(50000);
    }
    broke("files on their way");
}

/* Whoever opens a file with a lease waits for its holder. ARGUMENTS: where, and files to be read. */
void leases(char **arguments) {
    char path[300];
    snprintf(path, sizeof path, "%s/leased", arguments[0]);
    signal(SIGIO, SIG_IGN);
    int own = open(path, O_CREAT | O_RDWR, 0600);
    attempt("a lease for writing", fcntl(own, F_SETLEASE, F_WRLCK));
    for (arguments++; *arguments != NULL; arguments++) {
        int file = open(*arguments, O_RDONLY);
        attempt("a lease for reading", fcntl(file, F_SETLEASE, F_RDLCK));
        attempt("word of changes", fcntl(file, F_NOTIFY, DN_MODIFY));
        close(file);
    }
}

/* What an owner may ask of a file that is open for reading, wherever it is. ARGUMENTS: where. */
void owners_requests(char **arguments) {
    char path[300];
    snprintf(path, sizeof path, "%s/marked", arguments[0]);
    close(open(path, O_CREAT | O_RDWR, 0600));
    int file = open(path, O_RDONLY);
    long number = 4711;
    struct fsxattr marks = {.fsx_projid = 4711};
    char verity[128] = {1, 0, 0, 0, 1, 0, 0, 0, 0, 16};
    attempt("another version", ioctl(file, _IOW('v', 2, long), &number));
    attempt("another version of ext4", ioctl(file, _IOW('f', 4, long), &number));
    attempt("flags", ioctl(file, FS_IOC_SETFLAGS, &number));
    attempt("a project", ioctl(file, FS_IOC_FSSETXATTR, &marks));
    attempt("verity", ioctl(file, _IOC(_IOC_WRITE, 'f', 133, sizeof verity), verity));
    attempt("a subvolume", ioctl(open(arguments[0], O_RDONLY), _IOC(_IOC_WRITE, 0x94, 14, 4096), verity));
    close(file);
}
