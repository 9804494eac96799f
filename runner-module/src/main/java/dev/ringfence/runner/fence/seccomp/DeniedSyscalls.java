package dev.ringfence.runner.fence.seccomp;

import java.util.Set;
import java.util.TreeSet;

/** The built-in lists of dangerous system calls. */
final class DeniedSyscalls {
    /** No job needs these: they change the host, leave the fence, or are doors with a history of breaking. */
    static final Set<String> ALWAYS = words("""
            mount umount2 pivot_root chroot move_mount open_tree open_tree_attr fsopen fsconfig fsmount fspick
            mount_setattr statmount listmount unshare setns listns
            bpf kexec_load kexec_file_load init_module finit_module delete_module create_module query_module
            get_kernel_syms reboot swapon swapoff sethostname setdomainname iopl ioperm
            keyctl add_key request_key userfaultfd open_by_handle_at name_to_handle_at fanotify_init fanotify_mark
            quotactl quotactl_fd acct syslog vhangup
            settimeofday clock_settime clock_adjtime adjtimex
            lookup_dcookie nfsservctl uselib ustat sysfs _sysctl
            afs_syscall tuxcall security vserver getpmsg putpmsg epoll_ctl_old epoll_wait_old
            """);

    /** Looking into other processes, or into the processor. */
    static final Set<String> DEBUGGING = words("""
            ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd perf_event_open
            """);

    /** Hardly ever needed: placing memory on nodes, segments of old programs, security labels. */
    static final Set<String> STRICT = words("""
            mbind set_mempolicy set_mempolicy_home_node migrate_pages move_pages modify_ldt
            lsm_set_self_attr
            """);

    /** Answered as if the kernel did not have them, so that programs fall back to calls that can be checked. */
    static final Set<String> ABSENT = words("clone3 io_uring_setup io_uring_enter io_uring_register");

    /**
     * Answered as by a file system that has no extended attributes: they take room that no size tells of, and rights to
     * change them are those of a file's owner, wherever the file is.
     */
    static final Set<String> UNSUPPORTED = words("""
            setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat
            file_setattr
            """);

    private DeniedSyscalls() {}

    private static Set<String> words(String text) {
        return Set.of(text.strip().split("\\s+", -1));
    }

    static Set<String> of(SeccompPolicy policy) {
        var denied = new TreeSet<>(ALWAYS);
        if (policy.disableDebugging() || policy.strict()) {
            denied.addAll(DEBUGGING);
        }
        if (policy.strict()) {
            denied.addAll(STRICT);
        }
        return denied;
    }
}
