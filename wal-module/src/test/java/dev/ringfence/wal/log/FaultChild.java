package dev.ringfence.wal.log;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/**
 * Recovers a log and appends to it, telling each step in a line before or after it is done: {@code + text} submitted,
 * {@code = sequence text} acknowledged, {@code - text} refused, {@code ? text} failed, {@code < sequence} about to
 * discard, {@code > sequence} begins there now, {@code . health} at the end.
 */
final class FaultChild {
    static final LogOptions OPTIONS = LogOptions.defaults().withSizes(1 << 14, 4096);

    private FaultChild() {}

    public static void main(String[] arguments) {
        var directory = Path.of(arguments[0]);
        var life = arguments[1];
        try (var log = recover(directory)) {
            for (int round = 0; round < 20; round++) {
                append(log, life, round);
                if (round % 8 == 7) {
                    discard(log);
                }
            }
            say(". " + log.health());
        } catch (LogException e) {
            say(". " + e);
        }
    }

    static WriteAheadLog recover(Path directory) {
        try {
            return WriteAheadLog.recover(directory, OPTIONS, (sequence, time, payload) -> {})
                    .log();
        } catch (LogException.Discarded e) {
            return WriteAheadLog.recover(directory, OPTIONS, e.firstSequence(), (sequence, time, payload) -> {})
                    .log();
        }
    }

    private static void append(WriteAheadLog log, String life, int round) {
        var texts = new ArrayList<String>();
        var appends = new ArrayList<CompletableFuture<Long>>();
        for (int i = 0; i <= round % 4; i++) {
            var text = life + "." + round + "." + i + "." + "x".repeat(round * 211 % 3000);
            say("+ " + text);
            texts.add(text);
            appends.add(log.append(text.getBytes(StandardCharsets.ISO_8859_1)).toCompletableFuture());
        }
        for (int i = 0; i < texts.size(); i++) {
            tell(texts.get(i), appends.get(i));
        }
    }

    private static void tell(String text, CompletableFuture<Long> append) {
        try {
            say("= " + append.orTimeout(2, TimeUnit.MINUTES).join() + " " + text);
        } catch (CompletionException e) {
            say((e.getCause() instanceof LogException.NoSpace ? "- " : "? ") + text);
        }
    }

    private static void discard(WriteAheadLog log) {
        var until = Math.max(1, log.lastSequence() - 15);
        say("< " + until);
        try {
            say("> " + log.discardBefore(until));
        } catch (LogException _) {
            // Seen at the next recovery.
        }
    }

    private static void say(String line) {
        System.out.println(line);
    }

    /** Reads what a child said, also when it was cut off in the middle of a line. */
    static List<String> judge(List<String> lines, Oracle oracle) {
        var failed = false;
        var ends = new ArrayList<String>();
        for (var line : lines) {
            var rest = line.length() < 2 ? "" : line.substring(2);
            switch (line.isEmpty() ? ' ' : line.charAt(0)) {
                case '+' -> oracle.submitted(rest);
                case '=' -> {
                    if (failed) {
                        throw new AssertionError("acknowledged after a failure: " + line);
                    }
                    var space = rest.indexOf(' ');
                    oracle.acknowledged(Long.parseLong(rest.substring(0, space)), rest.substring(space + 1));
                }
                case '-' -> oracle.refused(rest);
                case '?' -> failed = true;
                case '<' -> oracle.discarding(Long.parseLong(rest));
                case '>' -> oracle.discarded(Long.parseLong(rest));
                case '.' -> ends.add(rest);
                default -> throw new AssertionError("not of the child: " + line);
            }
        }
        return ends;
    }
}
