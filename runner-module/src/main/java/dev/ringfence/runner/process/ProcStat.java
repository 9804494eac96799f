package dev.ringfence.runner.process;

import java.util.Optional;

/** The line that {@code /proc/PID/stat} holds, its fields by their numbers in proc_pid_stat(5). */
public final class ProcStat {
    public static final int NICE = 19;
    public static final int START_TIME = 22;

    static final int PARENT = 4;
    static final int FLAGS = 9;
    static final int THREADS = 20;

    private static final int STATE = 3;
    private static final int USER_TIME = 14;
    private static final int SYSTEM_TIME = 15;
    private static final int WAITED_USER_TIME = 16;
    private static final int WAITED_SYSTEM_TIME = 17;

    private final String text;
    private final int state;

    private ProcStat(String text, int state) {
        this.text = text;
        this.state = state;
    }

    /** Empty when it is no such line, as when the process has ended meanwhile. */
    public static Optional<ProcStat> of(String text) {
        // The name in parentheses may hold anything, spaces and parentheses among it.
        int name = text.lastIndexOf(')');
        return name < 0 || name + 2 >= text.length() ? Optional.empty() : Optional.of(new ProcStat(text, name + 2));
    }

    /** {@code R}, {@code S}, {@code T}, {@code Z} and so on; that of its first thread. */
    public char state() {
        return text.charAt(state);
    }

    /** User and system time of it, in ticks. */
    public long ownTicks() {
        return number(USER_TIME) + number(SYSTEM_TIME);
    }

    /** The same of the children it has waited for. */
    public long waitedTicks() {
        return number(WAITED_USER_TIME) + number(WAITED_SYSTEM_TIME);
    }

    /**
     * A field behind the state.
     *
     * @throws NumberFormatException when there is none of that number
     */
    public long number(int field) {
        int begin = state;
        for (int behind = STATE; behind < field; behind++) {
            begin = text.indexOf(' ', begin) + 1;
            if (begin == 0) {
                throw new NumberFormatException("there is no field " + field + ": " + text);
            }
        }
        int end = begin;
        while (end < text.length() && text.charAt(end) > ' ') {
            end++;
        }
        return Long.parseLong(text, begin, end, 10);
    }
}
