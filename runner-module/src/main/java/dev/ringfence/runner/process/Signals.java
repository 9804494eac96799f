package dev.ringfence.runner.process;

/** The kernel's numbers of signals, the same on x86-64 and aarch64. */
public final class Signals {
    public static final int SIGKILL = 9;
    public static final int SIGTERM = 15;
    public static final int SIGCONT = 18;
    public static final int SIGSTOP = 19;
    public static final int SIGXFSZ = 25;
    public static final int SIGSYS = 31;

    private Signals() {}

    /** The exit code that stands for an end by a signal, as shells and bubblewrap give it. */
    public static int exitCode(int signal) {
        return 128 + signal;
    }
}
