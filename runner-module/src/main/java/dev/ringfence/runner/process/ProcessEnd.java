package dev.ringfence.runner.process;

import java.time.Duration;

/** How a program ended. Trouble of ours is an exception, never one of these. */
public sealed interface ProcessEnd {
    /** It ended by itself. Within a fence of a process namespace a signal N shows as code 128 + N. */
    record Exited(int code) implements ProcessEnd {}

    /** Somebody other than us sent it a signal that ended it. */
    record Signalled(int signal) implements ProcessEnd {}

    /** It was still running, or about to, when its time was up; nothing of it runs any more. */
    record TimedOut(Duration limit) implements ProcessEnd {}

    /** The source of its input failed before the program had ended; nothing of it runs any more. */
    record InputFailed(Throwable why) implements ProcessEnd {}

    /** It was told to stop, perhaps before it ran; nothing of it runs any more. */
    record Stopped() implements ProcessEnd {}
}
