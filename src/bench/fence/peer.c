/* The peers of the benchmark, in C: each line of input is an order, each answer the nanoseconds that it took.
 *
 *   start ARGV…           posix_spawn and wait4
 *   file PATH ARGV…       the same, with standard output into a file
 *   cancel WORD ARGV…     starts a tree, waits until it has written WORD to its standard output, then from the first
 *                         SIGTERM to the tree's own first process until the program itself has been waited for
 *
 * The words of ARGV are separated by the character 0x1f; the program is its first word, its own name the second.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_WORDS = 1000, LONGEST = 1 << 20 };

static char *none[] = {NULL};

static long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static pid_t spawn(char **words, int out) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    pid_t pid;
    if (posix_spawn(&pid, words[0], &actions, &attributes, words + 1, none) != 0) {
        fail(words[0]);
    }
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static void await(pid_t pid) {
    int status;
    struct rusage usage;
    if (wait4(pid, &status, 0, &usage) < 0) {
        fail("wait4");
    }
}

static long start(char **words, int out) {
    long begun = now();
    await(spawn(words, out));
    return now() - begun;
}

/* The only child of a process. */
static pid_t child(pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
    FILE *file = fopen(path, "r");
    int found = 0;
    if (file == NULL || fscanf(file, "%d", &found) != 1) {
        fail(path);
    }
    fclose(file);
    return found;
}

static long cancel(const char *word, char **words) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) {
        fail("pipe2");
    }
    pid_t pid = spawn(words, ends[1]);
    close(ends[1]);
    char output[256];
    size_t length = 0;
    while (length < strlen(word)) {
        ssize_t count = read(ends[0], output + length, sizeof output - length);
        if (count <= 0) {
            fail("the tree's output");
        }
        length += (size_t)count;
    }
    pid_t first = child(pid);
    long begun = now();
    kill(-first, SIGTERM);
    await(pid);
    long taken = now() - begun;
    close(ends[0]);
    return taken;
}

int main(void) {
    static char line[LONGEST];
    char *words[MOST_WORDS + 1];
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof line, stdin) != NULL) {
        int count = 0;
        line[strcspn(line, "\n")] = '\0';
        for (char *word = strtok(line, "\x1f"); word != NULL && count < MOST_WORDS; word = strtok(NULL, "\x1f")) {
            words[count++] = word;
        }
        words[count] = NULL;
        long taken = 0;
        if (strcmp(words[0], "start") == 0) {
            int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
            taken = start(words + 1, null);
            close(null);
        } else if (strcmp(words[0], "file") == 0) {
            int file = open(words[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
            if (file < 0) {
                fail(words[1]);
            }
            taken = start(words + 2, file);
            close(file);
        } else if (strcmp(words[0], "cancel") == 0) {
            taken = cancel(words[1], words + 2);
        }
        printf("%ld\n", taken);
    }
    return 0;
}
