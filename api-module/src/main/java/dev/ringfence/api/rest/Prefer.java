package dev.ringfence.api.rest;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** The header {@code Prefer} (RFC 7240). */
final class Prefer {
    static final String MEANS = "`wait=N`: waits up to N seconds, 600 at most; more is cut to that";

    private static final Pattern WAIT = Pattern.compile("(?:^|[,;\\s])wait=(\\d{1,6})(?:$|[,;\\s])");
    private static final int LONGEST_WAIT_SECONDS = 600;

    private Prefer() {}

    /**
     * How long the client would wait; empty when it would not. A longer wait than is possible is cut, since it is a
     * preference only.
     */
    static Optional<Duration> wait(List<String> values) {
        for (var value : values) {
            var found = WAIT.matcher(value);
            if (found.find()) {
                return Optional.of(Duration.ofSeconds(Math.min(Integer.parseInt(found.group(1)), LONGEST_WAIT_SECONDS)))
                        .filter(Duration::isPositive);
            }
        }
        return Optional.empty();
    }
}
