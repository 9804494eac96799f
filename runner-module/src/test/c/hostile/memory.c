#include "hostile.h"
#include <fcntl.h>
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#define MEGABYTE (1024L * 1024)
/* Enough to be seen when nothing holds it, little enough for any machine. */
#define MOST (768 * MEGABYTE)

static void touch(int protection_flags, int descriptor, const char *what) {
    for (long taken = 0; taken < MOST; taken += MEGABYTE) {
        char *block = mmap(NULL, MEGABYTE, PROT_READ | PROT_WRITE, protection_flags, descriptor, taken);
        if (block == MAP_FAILED) {
            contained(what, strerror(errno));
            return;
        }
        memset(block, 1, MEGABYTE);
    }
    broke(what);
}

void memory_anonymous(char **arguments) {
    (void)arguments;
    touch(MAP_PRIVATE | MAP_ANONYMOUS, -1, "anonymous memory");
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
