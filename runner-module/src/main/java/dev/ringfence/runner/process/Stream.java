package dev.ringfence.runner.process;

/** Which of its two output streams a program wrote to. */
public enum Stream {
    STDOUT,
    STDERR
}
