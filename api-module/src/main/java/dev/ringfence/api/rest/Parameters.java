package dev.ringfence.api.rest;

import dev.ringfence.api.job.JobView;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Query parameters as values; what cannot be one is refused by its name, with what is possible. */
final class Parameters {
    private Parameters() {}

    static int number(String name, String value, int least, int most) {
        return Math.toIntExact(number(name, value, (long) least, most));
    }

    private static long number(String name, String value, long least, long most) {
        try {
            long number = Long.parseLong(value);
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Told below, with the limits.
        }
        throw bad(name, "it must be a whole number from " + least + " to " + most + ", not " + value);
    }

    /** Nothing else than the two words: a misspelt one must not pass for the other. */
    static boolean flag(String name, String value) {
        return switch (value) {
            case "true" -> true;
            case "false" -> false;
            default -> throw bad(name, "it must be true or false, not " + value);
        };
    }

    /** A place in the journal. */
    static OptionalLong sequence(String name, @Nullable String value) {
        return value == null ? OptionalLong.empty() : OptionalLong.of(number(name, value, 0L, Long.MAX_VALUE));
    }

    static @Nullable Instant instant(String name, @Nullable String value) {
        try {
            return value == null ? null : Instant.parse(value);
        } catch (DateTimeException e) {
            throw bad(name, "it must be a time such as 2026-01-31T12:00:00Z, not " + value);
        }
    }

    static @Nullable String state(@Nullable String value) {
        var words =
                Arrays.stream(JobView.State.values()).map(JobView.State::word).toList();
        if (value != null && !words.contains(value)) {
            throw bad("state", "it must be one of " + words + ", not " + value);
        }
        return value;
    }

    static BadRequest bad(String name, String what) {
        return new BadRequest("invalid-request", List.of(name + ": " + what));
    }
}
