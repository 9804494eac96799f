package dev.ringfence.runner.process;

/** A call of the C library failed. */
final class NativeCallException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final int errno;

    NativeCallException(String call, int errno) {
        super(call + " failed: " + describe(errno));
        this.errno = errno;
    }

    int errno() {
        return errno;
    }

    /** Those that users meet, in words; every other by its number, as errno(3) lists them. */
    private static String describe(int errno) {
        return switch (errno) {
            case 1 -> "operation not permitted (EPERM)";
            case 2 -> "no such file (ENOENT)";
            case 3 -> "no such process (ESRCH)";
            case 7 -> "argument list too long (E2BIG)";
            case 8 -> "not an executable for this machine (ENOEXEC)";
            case 11 -> "the limit of processes is reached (EAGAIN)";
            case 12 -> "out of memory (ENOMEM)";
            case 13 -> "permission denied (EACCES)";
            case 24 -> "too many open files (EMFILE); raise the limit with ulimit -n";
            default -> "errno " + errno;
        };
    }
}
