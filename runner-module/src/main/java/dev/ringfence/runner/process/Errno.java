package dev.ringfence.runner.process;

/** The kernel's numbers of errors, the same on x86-64 and aarch64. */
public final class Errno {
    public static final int EPERM = 1;
    static final int ENOENT = 2;
    static final int ESRCH = 3;
    static final int EINTR = 4;
    public static final int EIO = 5;
    public static final int EBADF = 9;
    static final int ECHILD = 10;
    public static final int EAGAIN = 11;
    static final int ENOMEM = 12;
    public static final int EACCES = 13;
    public static final int EFAULT = 14;
    static final int EEXIST = 17;
    static final int EXDEV = 18;
    static final int ENOTDIR = 20;
    static final int EISDIR = 21;
    public static final int EINVAL = 22;
    static final int ENFILE = 23;
    static final int EMFILE = 24;
    static final int EFBIG = 27;
    static final int EPIPE = 32;
    static final int ENAMETOOLONG = 36;
    public static final int ENOSYS = 38;
    static final int ENOTEMPTY = 39;
    static final int ELOOP = 40;
    public static final int ENOTSOCK = 88;
    public static final int ECONNREFUSED = 111;

    private Errno() {}
}
