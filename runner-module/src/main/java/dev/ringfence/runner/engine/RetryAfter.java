package dev.ringfence.runner.engine;

import java.net.http.HttpHeaders;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Optional;

/** When a service that refused a request wants to be asked again: RFC 9110, section 10.2.3. */
sealed interface RetryAfter {
    /** It does not say. */
    record Unsaid() implements RetryAfter {}

    /** After so long, which may be no time at all. */
    record In(Duration pause) implements RetryAfter {}

    /** It says something that is neither a number of seconds nor a date. */
    record Unreadable() implements RetryAfter {}

    static RetryAfter of(HttpHeaders headers) {
        return headers.firstValue("Retry-After")
                .map(value -> of(value.strip(), headers))
                .orElseGet(Unsaid::new);
    }

    private static RetryAfter of(String value, HttpHeaders headers) {
        if (value.matches("[0-9]{1,9}")) {
            return new In(Duration.ofSeconds(Long.parseLong(value)));
        }
        return instant(value)
                .<RetryAfter>map(then -> new In(until(then, headers)))
                .orElseGet(Unreadable::new);
    }

    /** By the service's own clock where it shows it, so that the two need not agree. */
    private static Duration until(Instant then, HttpHeaders headers) {
        var now = headers.firstValue("Date").flatMap(RetryAfter::instant).orElseGet(Instant::now);
        return then.isAfter(now) ? Duration.between(now, then) : Duration.ZERO;
    }

    private static Optional<Instant> instant(String date) {
        try {
            return Optional.of(Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(date)));
        } catch (DateTimeParseException e) {
            return Optional.empty();
        }
    }
}
