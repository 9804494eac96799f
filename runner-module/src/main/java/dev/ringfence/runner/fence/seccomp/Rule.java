package dev.ringfence.runner.fence.seccomp;

/** What happens to a system call of some number. */
sealed interface Rule {
    /** The number alone decides. */
    record Answer(long value) implements Rule {}

    /** The arguments decide. */
    enum Check implements Rule {
        CLONE,
        SOCKET,
        SOCKETPAIR,
        IOCTL,
        PERSONALITY,
        MKNOD,
        MKNODAT,
        SETRLIMIT,
        PRLIMIT,
        SETSOCKOPT,
        SENDTO,
        SENDMSG,
        SENDMMSG,
        /** The first argument names the thread; zero is the calling one. */
        THREAD_ITSELF,
        SETPRIORITY,
        FALLOCATE,
        FCNTL,
        CLOSE_RANGE,
        IOPRIO_SET
    }

    Answer ALLOW = new Answer(0x7FFF_0000L);
    Answer ASK = new Answer(0x7FC0_0000L);
    Answer KILL = new Answer(0x8000_0000L);
    Answer NOT_PERMITTED = error(1);
    /** The call returns zero and does nothing. */
    Answer DONE = error(0);

    Answer ABSENT = error(38);
    Answer NOT_SUPPORTED = error(95);
    Answer NO_SUCH_FAMILY = error(97);

    private static Answer error(int number) {
        return new Answer(0x0005_0000L | number);
    }
}
