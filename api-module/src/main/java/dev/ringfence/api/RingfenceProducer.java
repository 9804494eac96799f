package dev.ringfence.api;

import dev.ringfence.api.access.Access;
import dev.ringfence.api.access.IdentityProvider;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.io.UncheckedIOException;
import java.util.Optional;
import org.eclipse.microprofile.config.ConfigProvider;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/** Opens the service when Quarkus has started, closes it when Quarkus stops, and hands it to the resources. */
@Singleton
public class RingfenceProducer {
    /** The system property that makes this process one for {@link Ringfence.Purpose#OWN_JOBS}; set by the command line. */
    public static final String OWN_JOBS = "dev.ringfence.own-jobs";

    private final RingfenceConfig config;
    private final Metrics metrics;
    private final String host;
    private final int port;
    private volatile @Nullable Access access;
    private volatile @Nullable Ringfence service;

    RingfenceProducer(
            RingfenceConfig config,
            Metrics metrics,
            @ConfigProperty(name = "quarkus.http.host") String host,
            @ConfigProperty(name = "quarkus.http.port") int port) {
        this.config = config;
        this.metrics = metrics;
        this.host = host;
        this.port = port;
    }

    void open(@Observes @Priority(1) StartupEvent event) {
        SettingRanges.requirePort(port);
        SettingRanges.requireSwitches(ConfigProvider.getConfig());
        access = openAccess();
        var opened = Ringfence.open(config, purpose(), metrics, metrics);
        metrics.watch(opened.liveCatalog());
        metrics.watch(opened.jobs());
        metrics.watch(opened.guard());
        metrics.watch(opened.engines());
        service = opened;
        HangUp.on(opened::reloadOnSignal);
    }

    /** Comes before HTTP is closed: meanwhile readiness says that the service drains, and jobs can be asked for. */
    void drain(@Observes ShutdownDelayInitiatedEvent event) {
        var open = service;
        if (open != null) {
            open.drain();
        }
    }

    void close(@Observes ShutdownEvent event) {
        var open = service;
        if (open != null) {
            open.close();
        }
    }

    /** Empty for the first moments of the process. */
    public Optional<Access> access() {
        return Optional.ofNullable(access);
    }

    /** Empty until the service has recovered. */
    public Optional<Ringfence> ready() {
        return Optional.ofNullable(service);
    }

    private static Ringfence.Purpose purpose() {
        return Boolean.getBoolean(OWN_JOBS) ? Ringfence.Purpose.OWN_JOBS : Ringfence.Purpose.SERVICE;
    }

    private Access openAccess() {
        Access opened;
        try {
            opened = Access.of(
                    config.access().keys().orElse(config.data().resolve("keys.json")),
                    provider(config.access().oidc()));
        } catch (UncheckedIOException e) {
            throw new StartupFailure("ringfence.access.keys: " + e.getMessage(), e);
        } catch (IllegalArgumentException e) {
            throw new StartupFailure("ringfence.access.oidc.jwks: " + e.getMessage(), e);
        }
        if (!Access.LOOPBACK.contains(host) && !opened.required()) {
            throw new StartupFailure("the service would listen on " + host
                    + " and let everyone in: make a key first, `ringfence keys create --agent NAME --admin --keys "
                    + opened.keys() + "`, or set ringfence.access.oidc.jwks, or listen on 127.0.0.1");
        }
        return opened;
    }

    private static Optional<IdentityProvider> provider(RingfenceConfig.Oidc config) {
        if (config.jwks().isEmpty()
                && (config.issuer().isPresent() || config.audience().isPresent())) {
            throw new StartupFailure("ringfence.access.oidc.jwks is missing: set it to the address of the provider's"
                    + " public keys, or leave the other keys of ringfence.access.oidc out");
        }
        return config.jwks()
                .map(jwks -> new IdentityProvider(
                        jwks,
                        required(config.issuer(), "issuer"),
                        required(config.audience(), "audience"),
                        config.agentClaim(),
                        config.adminGroup()));
    }

    private static String required(Optional<String> value, String key) {
        return value.orElseThrow(() -> new StartupFailure("ringfence.access.oidc." + key
                + " is missing: without it, tokens that the provider made for others would be taken"));
    }
}
