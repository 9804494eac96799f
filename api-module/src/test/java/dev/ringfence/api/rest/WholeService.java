package dev.ringfence.api.rest;

import io.quarkus.test.junit.QuarkusTestProfile;
import java.nio.file.Path;
import java.util.Map;

/** The service with the tests' catalog. */
public class WholeService implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
        return Map.of("ringfence.catalog", "src/test/resources/catalog.toml");
    }

    /** It also speaks TLS, and so HTTP/2. */
    public static class WithTls extends WholeService {
        @Override
        public Map<String, String> getConfigOverrides() {
            return OverTls.and(super.getConfigOverrides());
        }
    }

    /** So little room that a test can fill it. */
    public static class LittleRoom extends WholeService {
        static final int SLOTS = 2;
        static final int QUEUE = 2;

        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of(
                    "ringfence.catalog", "src/test/resources/catalog.toml",
                    "ringfence.jobs.concurrency", Integer.toString(SLOTS),
                    "ringfence.jobs.queue", Integer.toString(QUEUE));
        }
    }

    /** A disk that is fuller than the guard allows. */
    public static class Guarded extends WholeService {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of(
                    "ringfence.catalog",
                    "src/test/resources/catalog.toml",
                    "ringfence.guard.enabled",
                    "true",
                    "ringfence.guard.cpu",
                    "100",
                    "ringfence.guard.memory",
                    "100",
                    "ringfence.guard.pressure.memory",
                    "100",
                    "ringfence.guard.zombies",
                    "1000000",
                    "ringfence.guard.disk-free",
                    "4000000G");
        }
    }

    /** It has little patience with slow clients, and keeps much output for those that read. */
    public static class Impatient extends WholeService {
        @Override
        public Map<String, String> getConfigOverrides() {
            return OverTls.and(Map.of(
                    "ringfence.catalog", "src/test/resources/catalog.toml",
                    "ringfence.http.heartbeat", "100ms",
                    "ringfence.http.stall-limit", "1s",
                    "quarkus.http.read-timeout", "3s",
                    "ringfence.jobs.event-buffer", "16777216"));
        }
    }

    /** It takes few connections, and soon closes one on which nothing moves. */
    public static class FewConnections extends WholeService {
        static final int MOST = 8;

        @Override
        public Map<String, String> getConfigOverrides() {
            return OverTls.and(Map.of(
                    "ringfence.catalog", "src/test/resources/catalog.toml",
                    "quarkus.http.limits.max-connections", Integer.toString(MOST),
                    "quarkus.http.idle-timeout", "3s"));
        }
    }

    /** It cuts nobody off while a test looks on. */
    public static class Patient extends WholeService {
        @Override
        public Map<String, String> getConfigOverrides() {
            return OverTls.and(Map.of(
                    "ringfence.catalog", "src/test/resources/catalog.toml", "ringfence.http.stall-limit", "24h"));
        }
    }

    /** Its keys lie in a directory of its own, where tests do to them what should not happen. */
    public static class KeysOfItsOwn extends WholeService {
        /** One for the profile and the tests, which have class loaders of their own. */
        static final Path FILE = Path.of("target/keys-of-its-own/keys.json").toAbsolutePath();

        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of(
                    "ringfence.catalog",
                    "src/test/resources/catalog.toml",
                    "ringfence.access.keys",
                    FILE.toString(),
                    "ringfence.access.open-metrics",
                    "true");
        }
    }
}
