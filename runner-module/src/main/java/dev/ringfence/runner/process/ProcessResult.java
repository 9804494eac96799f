package dev.ringfence.runner.process;

/**
 * How a program ended, after nothing of its tree was left.
 *
 * @param stdout empty, as {@code stderr} is, when the program was ended before it ran
 * @param status what it reported to its status descriptor, if it had one
 */
public record ProcessResult(ProcessEnd end, CapturedOutput stdout, CapturedOutput stderr, Usage usage, String status) {}
