package dev.ringfence.runner.engine;

import java.math.BigDecimal;
import java.time.Duration;

/** Pieces of messages. */
final class Texts {
    private Texts() {}

    /** Cuts text of others to a size that fits. */
    static String clip(String text, int length) {
        return text.length() <= length ? text : text.substring(0, length) + "…";
    }

    /** The same in every locale. */
    static String seconds(Duration time) {
        return BigDecimal.valueOf(time.toMillis(), 3).stripTrailingZeros().toPlainString() + " s";
    }
}
