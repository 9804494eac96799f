#include "hostile.h"
#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sys/stat.h>

#define MEGABYTE (1024L * 1024)
/* Enough to be seen when nothing holds it, little enough for any machine. */
#define MOST (768 * MEGABYTE)

/* From where a limit of the test's profiles may be reached, slowly enough for a watchdog on a busy host to get round to it. */
static void linger(long taken) {
    usleep(taken > 96 * MEGABYTE ? 5000 : taken > 16 * MEGABYTE ? 500 : 0);
}

static void touch(int protection_flags, int descriptor, const char *what) {
    for (long taken = 0; taken < MOST; taken += MEGABYTE) {
        char *block = mmap(NULL, MEGABYTE, PROT_READ | PROT_WRITE, protection_flags, descriptor, taken);
        if (block == MAP_FAILED) {
            contained(what, strerror(errno));
            return;
        }
        memset(block, 1, MEGABYTE);
        linger(taken);
    }
    broke(what);
}

void memory_anonymous(char **arguments) {
    (void)arguments;
    touch(MAP_PRIVATE | MAP_ANONYMOUS, -1, "anonymous memory");
}

/* Processes that are slow to look into: each maps a page of a file with a long name as often as it may. ARGUMENTS: where. */
void memory_behind_mappings(char **arguments) {
    char name[251] = {0};
    memset(name, 'x', sizeof name - 1);
    int there = chdir(arguments[0]);
    for (int depth = 0; there == 0 && depth < 15; depth++) {
        there = mkdir(name, 0700) < 0 ? -1 : chdir(name);
    }
    int descriptor = there < 0 ? -1 : open("file", O_CREAT | O_RDWR, 0600);
    if (descriptor < 0 || ftruncate(descriptor, 4096) < 0) {
        perror("memory-behind-mappings");
        exit(3);
    }
    for (int i = 0; i < 60000 && mmap(NULL, 4096, PROT_READ, MAP_SHARED, descriptor, 0) != MAP_FAILED; i++) {
    }
    for (int i = 0; i < 4; i++) {
        if (fork() == 0) {
            for (long taken = 0; taken < MOST / 4; taken += MEGABYTE) {
                char *block = mmap(NULL, MEGABYTE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                if (block == MAP_FAILED) {
                    break;
                }
                memset(block, 1, MEGABYTE);
                /* Where all of them come near their limit, slowly enough for a watchdog on a busy host. */
                usleep((taken < 16 * MEGABYTE ? 20 : 100) * 1000);
            }
            pause();
        }
    }
    /* Until all have ended. */
    while (wait(NULL) > 0) {
    }
}

/* Memory that no process has mapped: files on what may be a file system in memory. ARGUMENTS: directories. */
void memory_tmpfs(char **arguments) {
    static char block[1024 * 1024];
    memset(block, 1, sizeof block);
    for (; *arguments != NULL; arguments++) {
        int full = 0;
        for (int file = 0; file < MOST / (4 * MEGABYTE) && !full; file++) {
            char path[512];
            snprintf(path, sizeof path, "%s/%d", *arguments, file);
            int descriptor = open(path, O_CREAT | O_WRONLY, 0600);
            for (int i = 0; i < 4 && !full; i++) {
                full = descriptor < 0 || write(descriptor, block, sizeof block) != sizeof block;
                linger((file * 4L + i) * MEGABYTE);
            }
            close(descriptor);
        }
        if (full) {
            contained(*arguments, strerror(errno));
        } else {
            broke(*arguments);
        }
    }
}

/* A file that grows under its mapping. ARGUMENTS: its directory. */
void memory_mapped(char **arguments) {
    char path[512];
    snprintf(path, sizeof path, "%s/mapped", arguments[0]);
    int descriptor = open(path, O_CREAT | O_RDWR, 0600);
    if (descriptor < 0) {
        contained("mapped file", strerror(errno));
        return;
    }
    for (long size = MEGABYTE; size <= MOST; size += MEGABYTE) {
        if (ftruncate(descriptor, size) < 0) {
            contained("mapped file", strerror(errno));
            return;
        }
        char *block = mmap(NULL, MEGABYTE, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, size - MEGABYTE);
        if (block == MAP_FAILED) {
            contained("mapped file", strerror(errno));
            return;
        }
        memset(block, 1, MEGABYTE);
        linger(size);
    }
    broke("mapped file");
}

void memory_shared(char **arguments) {
    (void)arguments;
    touch(MAP_SHARED | MAP_ANONYMOUS, -1, "shared memory");
}

/* What outlives its maker, on purpose, of sizes by which the test finds on the host what is left. */
void system_v_ipc(char **arguments) {
    (void)arguments;
    int id = shmget(IPC_PRIVATE, 4222976, IPC_CREAT | 0600);
    printf("shared memory segment: %s\n", id < 0 ? strerror(errno) : "made");
    id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
    printf("message queue: %s\n", id < 0 ? strerror(errno) : "made");
    id = semget(IPC_PRIVATE, 37, IPC_CREAT | 0600);
    printf("semaphores: %s\n", id < 0 ? strerror(errno) : "made");
    mqd_t queue = mq_open("/ringfence-hostile", O_CREAT | O_RDWR, 0600, NULL);
    printf("POSIX message queue: %s\n", queue == (mqd_t)-1 ? strerror(errno) : "made");
    printf("done\n");
}

/* As much as the buffers of sockets hold, of which no process shows anything. */
void memory_sockets(char **arguments) {
    (void)arguments;
    static char block[4096];
    long held = 0;
    int pairs = 0;
    for (; held < MOST; pairs++) {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) < 0) {
            break;
        }
        for (int i = 0; i < 2; i++) {
            int size = 1 << 30;
            setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
            while (held < MOST && write(ends[i], block, sizeof block) > 0) {
                held += sizeof block;
            }
            if (held < MOST && errno != EAGAIN) {
                contained("memory of sockets", strerror(errno));
                return;
            }
        }
    }
    printf("%ld MB in %d pairs of sockets\n", held / MEGABYTE, pairs);
    /* Whoever counts it now and then has until then. */
    sleep(4);
    broke("memory of sockets");
}

void memory_semaphores(char **arguments) {
    (void)arguments;
    for (int sets = 0; sets < 300; sets++) {
        if (semget(IPC_PRIVATE, 32000, IPC_CREAT | 0600) < 0) {
            contained("memory of semaphores", strerror(errno));
            return;
        }
    }
    sleep(4);
    broke("memory of semaphores");
}

/* A table of page entries for each two megabytes, all of which show the same empty page. */
void memory_page_tables(char **arguments) {
    (void)arguments;
    const long range = 1024 * MEGABYTE;
    volatile char seen = 0;
    for (long tables = 0; tables * 4096 < MOST; tables += 512) {
        char *block = mmap(NULL, range, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (block == MAP_FAILED) {
            contained("page tables", strerror(errno));
            return;
        }
        madvise(block, range, MADV_NOHUGEPAGE);
        for (long at = 0; at < range; at += 2 * MEGABYTE) {
            seen += block[at];
        }
        usleep(1000);
    }
    broke("page tables");
}

static void *anonymous(void *nothing) {
    memory_anonymous(nothing);
    return NULL;
}

/* A process goes on without its first thread, at which the kernel shows what it has. */
void memory_first_thread_gone(char **arguments) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, anonymous, arguments) == 0) {
        pthread_exit(NULL);
    }
}
