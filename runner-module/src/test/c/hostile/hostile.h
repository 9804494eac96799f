/* Programs that try what a fence must not let happen. Each case prints what came of each attempt:
 *   denied WHAT: WHY      it was refused
 *   contained WHAT: WHY   it went on until a limit held it
 *   BROKE WHAT            it worked, and must not have
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LENGTH(array) (int)(sizeof(array) / sizeof(array)[0])

/* Says how an attempt ended: refused when its result is negative. Returns whether it was refused. */
int attempt(const char *what, long result);
void contained(const char *what, const char *why);
void broke(const char *what);

/* Runs an attempt in a process of its own, as it may end by a signal: broken when it returns zero. */
void attempt_apart(const char *what, int (*function)(void));

/* The process id of the service, as the host sees it. */
extern int service;

/* processes.c */
void fork_bomb(char **arguments);
void thread_bomb(char **arguments);
void daemons(char **arguments);
void signal_starter(char **arguments);
void signal_others(char **arguments);
void kill_everyone(char **arguments);
void debugging(char **arguments);
void scheduling(char **arguments);
void run_on_silently(char **arguments);
void setuid_program(char **arguments);
void who_am_i(char **arguments);
void unwaited_children(char **arguments);
void relays(char **arguments);

/* memory.c */
void memory_anonymous(char **arguments);
void memory_tmpfs(char **arguments);
void memory_mapped(char **arguments);
void memory_shared(char **arguments);
void system_v_ipc(char **arguments);
void memory_sockets(char **arguments);
void memory_semaphores(char **arguments);
void memory_page_tables(char **arguments);
void memory_first_thread_gone(char **arguments);
void memory_behind_mappings(char **arguments);

/* files.c */
void read_secrets(char **arguments);
void write_outside(char **arguments);
void symlink_swap(char **arguments);
void stubborn_files(char **arguments);
void unlinked_huge_file(char **arguments);
void sparse_file(char **arguments);
void many_files(char **arguments);
void fifo_that_never_opens(char **arguments);
void core_dump(char **arguments);
void devices(char **arguments);
void change_others(char **arguments);
void reserve_room(char **arguments);
void sent_files(char **arguments);
void leases(char **arguments);
void owners_requests(char **arguments);

/* kernel.c */
void mounts(char **arguments);
void namespaces(char **arguments);
void io_uring(char **arguments);
void keys(char **arguments);
void terminal_input(char **arguments);
void foreign_system_calls(char **arguments);
void privileged_calls(char **arguments);
void privileges(char **arguments);
void memory_file_program(char **arguments);
void huge_arguments(char **arguments);
void descriptors(char **arguments);
void descriptors_of_a_thread(char **arguments);

/* sockets.c */
void socket_families(char **arguments);
void unix_sockets(char **arguments);
void connect_to(char **arguments);
void flood(char **arguments);
void endless_line(char **arguments);
void connect_beyond_limit(char **arguments);
void serve_unix(char **arguments);
void serve_tcp(char **arguments);

#endif
