#include "hostile.h"
#include <sys/wait.h>

int service;

static const struct {
    const char *name;
    void (*function)(char **arguments);
} cases[] = {
    {"fork-bomb", fork_bomb},
    {"thread-bomb", thread_bomb},
    {"daemons", daemons},
    {"signal-others", signal_others},
    {"kill-everyone", kill_everyone},
    {"debugging", debugging},
    {"scheduling", scheduling},
    {"run-on-silently", run_on_silently},
    {"setuid-program", setuid_program},
    {"who-am-i", who_am_i},
    {"unwaited-children", unwaited_children},
    {"relays", relays},
    {"signal-starter", signal_starter},
    {"memory-anonymous", memory_anonymous},
    {"memory-tmpfs", memory_tmpfs},
    {"memory-mapped", memory_mapped},
    {"memory-shared", memory_shared},
    {"system-v-ipc", system_v_ipc},
    {"memory-sockets", memory_sockets},
    {"memory-semaphores", memory_semaphores},
    {"memory-page-tables", memory_page_tables},
    {"memory-first-thread-gone", memory_first_thread_gone},
    {"memory-behind-mappings", memory_behind_mappings},
    {"read-secrets", read_secrets},
    {"write-outside", write_outside},
    {"symlink-swap", symlink_swap},
    {"stubborn-files", stubborn_files},
    {"unlinked-huge-file", unlinked_huge_file},
    {"sparse-file", sparse_file},
    {"many-files", many_files},
    {"fifo-that-never-opens", fifo_that_never_opens},
    {"core-dump", core_dump},
    {"devices", devices},
    {"change-others", change_others},
    {"reserve-room", reserve_room},
    {"sent-files", sent_files},
    {"leases", leases},
    {"owners-requests", owners_requests},
    {"mounts", mounts},
    {"namespaces", namespaces},
    {"io-uring", io_uring},
    {"keys", keys},
    {"terminal-input", terminal_input},
    {"foreign-system-calls", foreign_system_calls},
    {"privileged-calls", privileged_calls},
    {"privileges", privileges},
    {"memory-file-program", memory_file_program},
    {"huge-arguments", huge_arguments},
    {"descriptors", descriptors},
    {"descriptors-of-a-thread", descriptors_of_a_thread},
    {"socket-families", socket_families},
    {"unix-sockets", unix_sockets},
    {"connect-to", connect_to},
    {"flood", flood},
    {"endless-line", endless_line},
    {"connect-beyond-limit", connect_beyond_limit},
    {"serve-unix", serve_unix},
    {"serve-tcp", serve_tcp},
};

int attempt(const char *what, long result) {
    int error = errno;
    if (result < 0) {
        printf("denied %s: %s\n", what, strerror(error));
    } else {
        broke(what);
    }
    return result < 0;
}

void contained(const char *what, const char *why) {
    printf("contained %s: %s\n", what, why);
}

void broke(const char *what) {
    printf("BROKE %s\n", what);
}

void attempt_apart(const char *what, int (*function)(void)) {
    fflush(stdout);
    pid_t child = fork();
    if (child < 0) {
        printf("not tried %s: %s\n", what, strerror(errno));
        return;
    }
    if (child == 0) {
        _exit(function() == 0 ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) {
        printf("denied %s: %s\n", what, strsignal(WTERMSIG(status)));
    } else if (WEXITSTATUS(status) != 0) {
        printf("denied %s: refused\n", what);
    } else {
        broke(what);
    }
}

/* hostile CASE SERVICE-PID ARGUMENTS…, among which TEMPORARY stands for where a job may write. */
int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 3) {
        fprintf(stderr, "usage: hostile CASE SERVICE-PID [ARGUMENTS]\n");
        return 2;
    }
    service = atoi(argv[2]);
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "TEMPORARY") == 0) {
            argv[i] = getenv("TMPDIR") == NULL ? "/tmp" : getenv("TMPDIR");
        }
    }
    for (int i = 0; i < LENGTH(cases); i++) {
        if (strcmp(cases[i].name, argv[1]) == 0) {
            cases[i].function(argv + 3);
            return 0;
        }
    }
    fprintf(stderr, "no case %s\n", argv[1]);
    return 2;
}
