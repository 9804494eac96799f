package dev.ringfence.api;

import dev.ringfence.api.job.JobObserver;
import dev.ringfence.api.job.Jobs;
import dev.ringfence.api.journal.AuditTrail;
import dev.ringfence.api.session.Sessions;
import dev.ringfence.api.webhook.Webhooks;
import dev.ringfence.catalog.Catalog;
import dev.ringfence.catalog.Model;
import dev.ringfence.runner.capability.Capabilities;
import dev.ringfence.runner.capability.ModelSource;
import dev.ringfence.runner.engine.LlamaServerPool;
import dev.ringfence.runner.engine.ModelHealth;
import dev.ringfence.runner.fence.HostFences;
import dev.ringfence.runner.files.Artifacts;
import dev.ringfence.runner.files.JobFiles;
import dev.ringfence.runner.telemetry.Guard;
import dev.ringfence.runner.telemetry.HostTelemetry;
import dev.ringfence.wal.journal.Journal;
import dev.ringfence.wal.log.LogObserver;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The assembled service: catalog, fence, engines, models, capabilities, journal and jobs, opened together and closed together.
 * Knows nothing of HTTP.
 */
public final class Ringfence implements AutoCloseable {
    private final Parts parts;
    private final ModelHealth modelHealth = new ModelHealth();
    private final Opened opened;
    private final Duration drainTimeout;
    private final AtomicBoolean drained = new AtomicBoolean();
    private final AtomicBoolean closed = new AtomicBoolean();

    /** @param opened what it closes */
    Ringfence(Parts parts, Opened opened, Duration drainTimeout) {
        this.parts = parts;
        this.opened = opened;
        this.drainTimeout = drainTimeout;
    }

    /** What it is made of. */
    record Parts(
            LiveCatalog catalog,
            HostFences fences,
            LlamaServerPool engines,
            CatalogModels models,
            Toolbox toolbox,
            Journal journal,
            AuditTrail audit,
            HostTelemetry telemetry,
            Guard guard,
            Sessions sessions,
            Webhooks webhooks,
            Jobs jobs) {}

    /** What it is opened for. */
    public enum Purpose {
        /** To serve: it goes on with all that an earlier life left. */
        SERVICE,
        /** To run jobs of its own and end: what waits is left for the next start of the service. */
        OWN_JOBS
    }

    /**
     * Opens everything, ends what an earlier life left running, and takes up its jobs as the purpose is. Blocks.
     *
     * @throws StartupFailure when the configuration or the host does not allow it; nothing stays open then
     */
    public static Ringfence open(
            RingfenceConfig config, Purpose purpose, JobObserver jobObserver, LogObserver logObserver) {
        return Assembly.open(config, purpose, jobObserver, logObserver);
    }

    /** The one in use now. */
    public Catalog catalog() {
        return parts.catalog().catalog();
    }

    public LiveCatalog liveCatalog() {
        return parts.catalog();
    }

    public HostFences fences() {
        return parts.fences();
    }

    public LlamaServerPool engines() {
        return parts.engines();
    }

    /** Whether models answer. */
    public ModelHealth modelHealth() {
        return modelHealth;
    }

    /** Tells the journal what is no job's event. */
    public AuditTrail audit() {
        return parts.audit();
    }

    /** Reads the catalog again, as whoever may send signals to this process wishes. */
    void reloadOnSignal() {
        if (parts.catalog().reloadOnSignal()) {
            parts.audit().done(AuditTrail.act("catalog_reloaded", null, null, null, null, "by SIGHUP"));
        }
    }

    /** Finds the models that agents name. */
    public ModelSource models() {
        return parts.models();
    }

    /**
     * Why a model's engine, which is up, may answer garbage.
     *
     * @param up since when
     */
    public Optional<String> fileTrouble(Model model, Instant up) {
        return parts.models().overwritten(model, up);
    }

    public Capabilities capabilities() {
        return parts.toolbox().capabilities();
    }

    public Artifacts artifacts() {
        return parts.toolbox().artifacts();
    }

    public Journal journal() {
        return parts.journal();
    }

    /** The host's load. */
    public HostTelemetry telemetry() {
        return parts.telemetry();
    }

    /** Keeps new jobs out while the host is too busy. */
    public Guard guard() {
        return parts.guard();
    }

    public Sessions sessions() {
        return parts.sessions();
    }

    /** Who is told of the ends of jobs. */
    public Webhooks webhooks() {
        return parts.webhooks();
    }

    /** What sessions and their jobs leave beside the journal. */
    public JobFiles jobFiles() {
        return parts.toolbox().files();
    }

    public Jobs jobs() {
        return parts.jobs();
    }

    /**
     * Admits nothing more, and waits for running jobs as long as is configured; then they are ended. Blocks; a second
     * call does nothing.
     */
    void drain() {
        if (!drained.getAndSet(true)) {
            parts.jobs().drain(drainTimeout);
        }
    }

    /** Drains the jobs, and closes everything in the reverse order of its opening. Blocks; a second call does nothing. */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        drain();
        opened.close();
    }
}
