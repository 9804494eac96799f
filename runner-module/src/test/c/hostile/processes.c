#include "hostile.h"
#include <fcntl.h>
#include <linux/ioprio.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

/* For whoever looks now and then to see what is there. */
static void stay(void) {
    sleep(1);
}

/* Every process forks on; the first one leaves soon after it is refused, with the others still at it. Without a fence it
 * would end too, and say so: the processes count themselves. */
void fork_bomb(char **arguments) {
    (void)arguments;
    enum { MOST = 1500 };
    pid_t first = getpid();
    int *started = mmap(NULL, sizeof *started, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    while (__atomic_add_fetch(started, 1, __ATOMIC_RELAXED) < MOST) {
        if (fork() < 0) {
            if (getpid() == first) {
                contained("fork", strerror(errno));
                stay();
                return;
            }
            pause();
        }
    }
    // Whatever counts processes only now and then has until then to end it.
    pause();
}

static void *idle(void *nothing) {
    pause();
    return nothing;
}

void thread_bomb(char **arguments) {
    (void)arguments;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 64 * 1024);
    for (int i = 0; i < 2000; i++) {
        pthread_t thread;
        int error = pthread_create(&thread, &attributes, idle, NULL);
        if (error != 0) {
            contained("threads", strerror(error));
            stay();
            return;
        }
    }
    broke("threads");
}

static void *flooding(void *nothing) {
    char block[4096];
    memset(block, 'x', sizeof block);
    while (write(1, block, sizeof block) >= 0 || errno == EINTR) {
    }
    return nothing;
}

/* Processes that leave: forked twice, in sessions of their own, deaf to all signals; some hold the pipes, some flood. */
void daemons(char **arguments) {
    for (int kind = 0; kind < 3; kind++) {
        pid_t child = fork();
        if (child < 0) {
            exit(3);
        }
        if (child == 0) {
            setsid();
            pid_t grandchild = fork();
            if (grandchild != 0) {
                _exit(grandchild < 0 ? 3 : 0);
            }
            setsid();
            for (int number = 1; number < NSIG; number++) {
                signal(number, SIG_IGN);
            }
            prctl(PR_SET_PDEATHSIG, 0);
            if (kind == 0) {
                for (int descriptor = 0; descriptor < 64; descriptor++) {
                    close(descriptor);
                }
            } else if (kind == 1) {
                flooding(NULL);
            }
            for (;;) {
                pause();
            }
        }
    }
    for (int status; wait(&status) > 0;) {
        if (status != 0) {
            exit(3);
        }
    }
    if (arguments[0] != NULL) {
        signal(SIGTERM, SIG_IGN);
        for (;;) {
            pause();
        }
    }
}

/*
 * Processes that each start the next one and end at once, faster than they can be looked at. ARGUMENTS: how many rows. All
 * together they stand still before they have used up what the kernel lets their user have, should the service be slow to
 * end them: of that other jobs would have too little.
 */
void relays(char **arguments) {
    int rows = atoi(arguments[0]);
    const int most = 8000;
    int *all = mmap(NULL, sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int started[2];
    if (pipe(started) < 0 || fcntl(started[0], F_SETFL, O_NONBLOCK) < 0) {
        exit(3);
    }
    /* Should nothing else end them. */
    time_t end = time(NULL) + 60;
    for (int row = 0; row < rows; row++) {
        if (fork() == 0) {
            close(0);
            close(1);
            close(2);
            for (unsigned hops = 0; hops % 64 != 0 || time(NULL) < end;) {
                /* Without a signal to a parent at its end, and in a session of its own. */
                long child = syscall(SYS_clone, 0, 0, 0, 0, 0);
                if (child == 0) {
                    hops++;
                    while (__atomic_add_fetch(all, 1, __ATOMIC_RELAXED) > most) {
                        pause();
                    }
                    setsid();
                    (void)!write(started[1], "x", 1);
                } else if (child > 0) {
                    _exit(0);
                }
            }
            _exit(0);
        }
    }
    /* Until they are well under way, or can go no further. */
    char some[4096];
    long hops = 0;
    for (int patience = 0; patience < 100 && hops < 2000; patience++) {
        usleep(20 * 1000);
        for (long count; (count = read(started[0], some, sizeof some)) > 0;) {
            hops += count;
        }
    }
}

/* Threads of the service that had a number just before its own, first of all and for a while: who started it is one. */
void signal_starter(char **arguments) {
    (void)arguments;
    struct timespec begin;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    int own = getpid();
    long heard = 0;
    do {
        for (int thread = own - 1; thread > 0 && thread > own - 24; thread--) {
            heard += syscall(SYS_tgkill, service, thread, 0) == 0;
        }
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 < 30);
    if (heard > 0) {
        broke("a thread of the service");
    } else {
        contained("threads of the service", "none hears a signal");
    }
}

/* Whoever started it, the service, and the host's first processes. */
void signal_others(char **arguments) {
    (void)arguments;
    pid_t others[] = {getppid(), service, 1, 2};
    int signals[] = {SIGSTOP, SIGCONT, SIGTERM, SIGKILL};
    for (int i = 0; i < LENGTH(others); i++) {
        for (int j = 0; others[i] != getpid() && j < LENGTH(signals); j++) {
            /* In a process namespace number 1 is its own first process, which ignores what comes from inside. */
            int result = kill(others[i], signals[j]);
            printf("kill %d with %d: %s\n", others[i], signals[j], result < 0 ? strerror(errno) : "sent");
        }
    }
    int descriptor = (int)syscall(SYS_pidfd_open, service, 0);
    if (descriptor >= 0) {
        attempt("pidfd_send_signal to the service", syscall(SYS_pidfd_send_signal, descriptor, SIGKILL, NULL, 0));
    }
    printf("done\n");
}

void kill_everyone(char **arguments) {
    (void)arguments;
    printf("killing\n");
    signal(SIGTERM, SIG_IGN);
    kill(-1, SIGSTOP);
    kill(-1, SIGTERM);
    kill(-1, SIGKILL);
    printf("done\n");
}

static int trace_me(void) {
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0;
}

void debugging(char **arguments) {
    (void)arguments;
    attempt_apart("PTRACE_TRACEME", trace_me);
    char local[16] = "local";
    char remote[16];
    struct iovec mine = {local, sizeof local};
    struct iovec theirs = {remote, sizeof remote};
    pid_t others[] = {getpid(), getppid(), service};
    for (int i = 0; i < LENGTH(others); i++) {
        attempt("PTRACE_SEIZE", ptrace(PTRACE_SEIZE, others[i], NULL, NULL));
        attempt("PTRACE_ATTACH", ptrace(PTRACE_ATTACH, others[i], NULL, NULL));
        attempt("process_vm_readv", process_vm_readv(others[i], &mine, 1, &theirs, 1, 0));
        attempt("process_vm_writev", process_vm_writev(others[i], &mine, 1, &theirs, 1, 0));
        attempt("kcmp", syscall(SYS_kcmp, others[i], others[i], 0, 0, 0));
        int descriptor = (int)syscall(SYS_pidfd_open, others[i], 0);
        if (descriptor >= 0) {
            attempt("pidfd_getfd", syscall(SYS_pidfd_getfd, descriptor, 0, 0));
        }
    }
}

void scheduling(char **arguments) {
    (void)arguments;
    struct sched_param real_time = {.sched_priority = 50};
    attempt("SCHED_FIFO", sched_setscheduler(0, SCHED_FIFO, &real_time));
    attempt("SCHED_RR of the service", sched_setscheduler(service, SCHED_RR, &real_time));
    attempt("nice -20", setpriority(PRIO_PROCESS, 0, -20));
    attempt("nice of the service", setpriority(PRIO_PROCESS, service, 19));
    attempt("real-time input and output", syscall(SYS_ioprio_set, 1, 0, IOPRIO_PRIO_VALUE(1, 0)));
    struct rlimit any = {RLIM_INFINITY, RLIM_INFINITY};
    attempt("RLIMIT_FSIZE", setrlimit(RLIMIT_FSIZE, &any));
    attempt("RLIMIT_CORE", setrlimit(RLIMIT_CORE, &any));
    struct rlimit little = {16, 16};
    cpu_set_t first;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    attempt("processors of the service", sched_setaffinity(service, sizeof first, &first));
    attempt("idle input and output of the service", syscall(SYS_ioprio_set, 1, service, IOPRIO_PRIO_VALUE(3, 0)));
    attempt("limits of the service", prlimit(service, RLIMIT_NOFILE, &little, NULL));
}

void run_on_silently(char **arguments) {
    (void)arguments;
    for (int descriptor = 0; descriptor < 64; descriptor++) {
        close(descriptor);
    }
    for (;;) {
        pause();
    }
}

/* ARGUMENTS: a program that belongs to root and is marked set-user-id. */
void setuid_program(char **arguments) {
    char number[16];
    snprintf(number, sizeof number, "%d", service);
    const char *system[] = {"/usr/bin/su", "/usr/bin/mount", "/usr/bin/newgrp", "/usr/bin/passwd"};
    for (int i = 0; i < LENGTH(system); i++) {
        if (fork() == 0) {
            close(2);
            execl(system[i], system[i], "-c", "id", NULL);
            _exit(1);
        }
        wait(NULL);
    }
    execl(arguments[0], arguments[0], "who-am-i", number, NULL);
    attempt("execve of a set-user-id program", -1);
}

void who_am_i(char **arguments) {
    (void)arguments;
    if (geteuid() == 0 || getegid() == 0) {
        broke("root");
    } else {
        printf("denied root: user %d, group %d\n", geteuid(), getegid());
    }
}

static double processor_seconds(void) {
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Children that end before anybody looks, and of whose time nobody is told. ARGUMENTS: the processors that are its own. */
void unwaited_children(char **arguments) {
    signal(SIGCHLD, SIG_IGN);
    struct counts {
        long micros;
        int living;
    } *counts = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    double begin = seconds();
    while (seconds() - begin < 6) {
        while (__atomic_load_n(&counts->living, __ATOMIC_RELAXED) < 2) {
            __atomic_add_fetch(&counts->living, 1, __ATOMIC_RELAXED);
            if (fork() == 0) {
                while (processor_seconds() < 0.008) {
                }
                __atomic_add_fetch(&counts->micros, (long)(processor_seconds() * 1e6), __ATOMIC_RELAXED);
                __atomic_sub_fetch(&counts->living, 1, __ATOMIC_RELAXED);
                _exit(0);
            }
        }
        usleep(2000);
    }
    double processors = (double)counts->micros / 1e6 / (seconds() - begin);
    printf("%.2f processors\n", processors);
    /* Without any hold it is all processors; a busy host looks less often, so that it is held less well. */
    if (processors > 5 * atof(arguments[0])) {
        broke("processor time of children that nobody waits for");
    } else {
        contained("processor time of children that nobody waits for", "it was held");
    }
}
