package dev.ringfence.api;

import io.quarkus.test.junit.callback.QuarkusTestBeforeClassCallback;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * What a test awaits may take this long unless the test says otherwise: on a slow or busy machine all of it comes later.
 * JUnit and Quarkus find this by its service files. Quarkus loads its tests, and what they wait with, once more for
 * itself; so both are told.
 */
public final class Patience implements BeforeAllCallback, QuarkusTestBeforeClassCallback {
    @Override
    public void beforeAll(ExtensionContext test) {
        set();
    }

    @Override
    public void beforeClass(Class<?> test) {
        set();
    }

    private static void set() {
        Awaitility.setDefaultTimeout(Duration.ofMinutes(2));
    }
}
