package dev.ringfence.api;

import org.jboss.logging.Logger;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * SIGHUP, by which operators ask a service to read its configuration again. The platform has no other way to hear of a
 * signal than this one, which works in a native executable as well.
 */
final class HangUp {
    private static final Logger LOG = Logger.getLogger(HangUp.class);

    private HangUp() {}

    /**
     * @param heard runs on a thread of its own
     */
    static void on(Runnable heard) {
        try {
            var before = Signal.handle(
                    new Signal("HUP"), _ -> Thread.ofVirtual().name("hang-up").start(heard));
            if (before == SignalHandler.SIG_IGN) {
                LOG.info("SIGHUP is ignored, as whoever started the service wished (nohup does so); the catalog is"
                        + " reloaded by POST /api/v1/catalog/reload");
            }
        } catch (IllegalArgumentException e) {
            LOG.warnf(
                    "SIGHUP cannot be heard here (%s), so the catalog is reloaded by POST /api/v1/catalog/reload only",
                    e.getMessage());
        }
    }
}
