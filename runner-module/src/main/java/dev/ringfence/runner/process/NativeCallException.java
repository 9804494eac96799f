package dev.ringfence.runner.process;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

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

    /** The same of a file, as the library's own calls would say it. */
    IOException about(Path file) {
        return switch (errno) {
            case Errno.ENOENT -> new NoSuchFileException(file.toString());
            case Errno.ELOOP -> new FileSystemLoopException(file.toString());
            case Errno.EACCES -> new AccessDeniedException(file.toString(), null, getMessage());
            default -> new IOException(file + ": " + getMessage(), this);
        };
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
            case 16 -> "device or resource busy (EBUSY)";
            case 19 -> "no such device (ENODEV)";
            case 22 -> "invalid argument (EINVAL)";
            case 24 -> "too many open files (EMFILE); raise the limit with ulimit -n";
            case 27 -> "too large (EFBIG)";
            default -> "errno " + errno;
        };
    }
}
