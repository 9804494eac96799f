package dev.ringfence.runner.engine;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Logs how a remote model fails when that changes, and when it answers again. One that fails and answers by turns does not
 * fill the log: the same failure is told again after a while only. Thread-safe.
 */
final class RemoteHealth {
    private static final Logger LOG = Logger.getLogger(RemoteHealth.class);
    private static final long AGAIN = Duration.ofMinutes(10).toNanos();

    private final String model;
    private final LongSupplier nanoTime;

    // Guarded by this.
    private final Map<String, Long> toldAt = new HashMap<>();
    private @Nullable String told;

    RemoteHealth(String model, LongSupplier nanoTime) {
        this.model = model;
        this.nanoTime = nanoTime;
    }

    /** @param how of few ways, with nothing in it of what was asked or answered, and no key */
    synchronized void failed(String how) {
        if (how.equals(told)) {
            return;
        }
        long now = nanoTime.getAsLong();
        var last = toldAt.get(how);
        if (last == null || now - last >= AGAIN) {
            toldAt.put(how, now);
            told = how;
            LOG.warnf("Requests to model %s fail: %s", model, how);
        }
    }

    synchronized void answered() {
        if (told != null) {
            told = null;
            LOG.infof("Model %s answers again", model);
        }
    }
}
