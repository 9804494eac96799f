package dev.ringfence.api;

import dev.ringfence.api.job.Job;
import dev.ringfence.api.job.JobHost;
import dev.ringfence.api.job.JobObserver;
import dev.ringfence.api.job.Jobs;
import dev.ringfence.api.job.Preparation;
import dev.ringfence.api.journal.AuditTrail;
import dev.ringfence.api.journal.DataProof;
import dev.ringfence.api.session.Sessions;
import dev.ringfence.api.webhook.Webhooks;
import dev.ringfence.catalog.Catalog;
import dev.ringfence.catalog.CatalogException;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.capability.AskModel;
import dev.ringfence.runner.capability.Capabilities;
import dev.ringfence.runner.capability.Capability;
import dev.ringfence.runner.capability.GenerateText;
import dev.ringfence.runner.capability.ModelSource;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import dev.ringfence.runner.engine.LlamaServerPool;
import dev.ringfence.runner.engine.ModelHealth;
import dev.ringfence.runner.engine.RemoteModels;
import dev.ringfence.runner.fence.Fence;
import dev.ringfence.runner.fence.FenceException;
import dev.ringfence.runner.files.Artifacts;
import dev.ringfence.runner.files.JobFiles;
import dev.ringfence.runner.telemetry.Guard;
import dev.ringfence.runner.telemetry.HostTelemetry;
import dev.ringfence.wal.journal.Journal;
import dev.ringfence.wal.journal.JournalException;
import dev.ringfence.wal.journal.JournalOptions;
import dev.ringfence.wal.log.Health;
import dev.ringfence.wal.log.LogException;
import dev.ringfence.wal.log.LogObserver;
import dev.ringfence.wal.log.Tail;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jboss.logging.Logger;

/**
 * The assembled service: catalog, fence, engines, models, capabilities, journal and jobs, opened together and closed together.
 * Knows nothing of HTTP.
 */
public final class Ringfence implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(Ringfence.class);
    private static final int SEGMENT_BYTES = 32 << 20;

    /** A request's body or a model's longest answer, each character escaped to six, with room. */
    private static final int EVENT_BYTES = 16 << 20;

    private final LiveCatalog catalog;
    private final Fence fence;
    private final LlamaServerPool engines;
    private final ModelHealth modelHealth = new ModelHealth();
    private final ModelSource models;
    private final Toolbox toolbox;
    private final Journal journal;
    private final HostTelemetry telemetry;
    private final Guard guard;
    private final Sessions sessions;
    private final Webhooks webhooks;
    private final Jobs jobs;
    private final AuditTrail audit;
    private final Opened opened;
    private final Duration drainTimeout;
    private final AtomicBoolean drained = new AtomicBoolean();
    private final AtomicBoolean closed = new AtomicBoolean();

    private Ringfence(
            LiveCatalog catalog,
            Fence fence,
            LlamaServerPool engines,
            ModelSource models,
            Toolbox toolbox,
            Journal journal,
            HostTelemetry telemetry,
            Guard guard,
            Sessions sessions,
            Webhooks webhooks,
            Jobs jobs,
            AuditTrail audit,
            Opened opened,
            Duration drainTimeout) {
        this.catalog = catalog;
        this.fence = fence;
        this.engines = engines;
        this.models = models;
        this.toolbox = toolbox;
        this.journal = journal;
        this.telemetry = telemetry;
        this.guard = guard;
        this.sessions = sessions;
        this.webhooks = webhooks;
        this.jobs = jobs;
        this.audit = audit;
        this.opened = opened;
        this.drainTimeout = drainTimeout;
    }

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
        SettingRanges.require(config);
        var opened = new Opened();
        try {
            return open(config, purpose, jobObserver, logObserver, opened);
        } catch (RuntimeException | Error e) {
            opened.closeAfter(e);
            throw e;
        }
    }

    private static Ringfence open(
            RingfenceConfig config, Purpose purpose, JobObserver jobObserver, LogObserver logObserver, Opened opened) {
        var data = dataDirectory(config.data());
        var catalog = catalog(config.catalog(), data);
        var fence = opened.add(Fence.on(FenceConfig.of(instance(data), config.fence())), Fence::close);
        var recovered = recover(data.resolve("journal"), config.journal(), logObserver);
        var journal = opened.add(recovered.journal(), Journal::close);
        var audit = opened.add(auditTrail(journal), AuditTrail::close);
        sweep(fence);
        var sessions =
                opened.add(sessions(data.resolve("sessions"), config.sessions().perAgent()), Sessions::close);
        var webhooks = opened.add(WebhookSettings.open(data.resolve("webhooks"), config.webhooks()), Webhooks::close);
        var engines = opened.add(new LlamaServerPool(EngineConfig.of(config), fence::start), LlamaServerPool::close);
        var remotes = opened.add(new RemoteModels(), RemoteModels::close);
        var models = new CatalogModels(catalog::catalog, engines, remotes);
        List<Capability> asking = List.of(
                new GenerateText(models),
                new AskModel(Operation.CHAT, models),
                new AskModel(Operation.COMPLETION, models),
                new AskModel(Operation.EMBEDDINGS, models));
        // Jobs need the capabilities, and one of those tells the jobs; none runs before both are there.
        var undoing = new CompletableFuture<Jobs>();
        var toolbox = Toolbox.open(
                config, data, catalog, fence, asking, event -> undoing.join().rolledBack(event));
        var telemetry = opened.add(HostTelemetry.on(data, fence::processorTime), HostTelemetry::close);
        var guard = new Guard(GuardConfig.of(config.guard()), config.guard().enabled(), telemetry::read);
        var jobs = new Jobs(
                JobConfig.of(config, toolbox.capabilities()),
                journal,
                toolbox.capabilities(),
                name -> profile(catalog.catalog(), name),
                agent -> catalog.catalog().grants(agent),
                new Tiers(fence),
                new JobHost(guard::check, () -> Optional.of(telemetry.read().json())),
                Preparation.all(List.of(sessions, webhooks)),
                JobObserver.both(jobObserver, webhooks));
        undoing.complete(jobs);
        webhooks.begin(id -> jobs.find(id).map(Job::view));
        switch (purpose) {
            case SERVICE -> {
                jobs.recover(recovered.jobs());
                webhooks.resume();
            }
            case OWN_JOBS -> jobs.interrupt(recovered.jobs());
        }
        catalog.begin(next -> engines.use(CatalogModels.localModels(next)));
        if (journal.health() instanceof Health.Full full) {
            LOG.warnf("the service takes no jobs until there is room: %s", full.reason());
        }
        return new Ringfence(
                catalog,
                fence,
                engines,
                models,
                toolbox,
                journal,
                telemetry,
                guard,
                sessions,
                webhooks,
                jobs,
                audit,
                opened,
                config.drainTimeout());
    }

    /** The one in use now. */
    public Catalog catalog() {
        return catalog.catalog();
    }

    public LiveCatalog liveCatalog() {
        return catalog;
    }

    public Fence fence() {
        return fence;
    }

    public LlamaServerPool engines() {
        return engines;
    }

    /** Whether models answer. */
    public ModelHealth modelHealth() {
        return modelHealth;
    }

    /** Tells the journal what is no job's event. */
    public AuditTrail audit() {
        return audit;
    }

    /** Reads the catalog again, as whoever may send signals to this process wishes. */
    void reloadOnSignal() {
        if (catalog.reloadOnSignal()) {
            audit.done(AuditTrail.act("catalog_reloaded", null, null, null, null, "by SIGHUP"));
        }
    }

    /** Finds the models that agents name. */
    public ModelSource models() {
        return models;
    }

    public Capabilities capabilities() {
        return toolbox.capabilities();
    }

    public Artifacts artifacts() {
        return toolbox.artifacts();
    }

    public Journal journal() {
        return journal;
    }

    /** The host's load. */
    public HostTelemetry telemetry() {
        return telemetry;
    }

    /** Keeps new jobs out while the host is too busy. */
    public Guard guard() {
        return guard;
    }

    public Sessions sessions() {
        return sessions;
    }

    /** Who is told of the ends of jobs. */
    public Webhooks webhooks() {
        return webhooks;
    }

    /** What sessions and their jobs leave beside the journal. */
    public JobFiles jobFiles() {
        return toolbox.files();
    }

    public Jobs jobs() {
        return jobs;
    }

    /**
     * Admits nothing more, and waits for running jobs as long as is configured; then they are ended. Blocks; a second
     * call does nothing.
     */
    void drain() {
        if (!drained.getAndSet(true)) {
            jobs.drain(drainTimeout);
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

    /** What cannot be kept is told in the log instead. */
    private static AuditTrail auditTrail(Journal journal) {
        return new AuditTrail(
                act -> journal.append(act)
                        .subscribe()
                        .with(_ -> {}, failure -> LOG.errorf("the journal could not take %s: %s", act, failure)),
                Infrastructure.getDefaultWorkerPool(),
                AuditTrail.WINDOW);
    }

    private static LiveCatalog catalog(Optional<Path> file, Path data) {
        try {
            return LiveCatalog.open(file, AddedModels.open(data.resolve("models.json")));
        } catch (CatalogException e) {
            throw new StartupFailure(String.valueOf(e.getMessage()), e);
        }
    }

    private static Optional<SandboxProfile> profile(Catalog catalog, Optional<String> name) {
        return name.map(catalog::profile).orElseGet(() -> Optional.of(catalog.defaultProfile()));
    }

    private static Path dataDirectory(Path directory) {
        try {
            Files.createDirectories(directory);
            return directory.toRealPath();
        } catch (IOException e) {
            throw new StartupFailure(
                    "the data directory " + directory.toAbsolutePath() + " cannot be made: " + e
                            + "; set ringfence.data (--data) to a directory that this user may write to",
                    e);
        }
    }

    private static Journal.Recovered recover(
            Path directory, RingfenceConfig.JournalKeeping keeping, LogObserver observer) {
        var defaults = JournalOptions.defaults().withSizes(SEGMENT_BYTES, EVENT_BYTES);
        var retention = keeping.retention();
        try {
            var recovered = Journal.recover(
                    directory,
                    defaults.withSnapshots(keeping.snapshot().events(), defaults.indexRows())
                            .withRetention(retention.age(), retention.size().asLongValue())
                            .withObserver(new JournalLog())
                            .withLog(defaults.log().withObserver(observer)));
            if (recovered.tail() instanceof Tail.Torn torn) {
                LOG.warnf(
                        "the journal ended in a write that was never finished or acknowledged: cut at %d of %s, kept in %s",
                        torn.cutAt(), torn.file(), torn.copy());
            }
            return recovered;
        } catch (LogException.Corrupt e) {
            throw new StartupFailure(
                    e.getMessage() + "; \"ringfence journal repair --data " + directory.getParent()
                            + "\" says what could be kept",
                    e);
        } catch (LogException | JournalException e) {
            throw new StartupFailure(String.valueOf(e.getMessage()), e);
        }
    }

    private static Sessions sessions(Path directory, int perAgent) {
        try {
            return new Sessions(directory, perAgent);
        } catch (LogException e) {
            throw notOpened(directory, e);
        }
    }

    /** Without room, the journal and what lies beside it do with what there is; but that has to be there. */
    static StartupFailure notOpened(Path directory, LogException e) {
        return new StartupFailure(
                switch (e) {
                    case LogException.NoSpace _ ->
                        directory + " has to be made, and there is no room (" + e.getCause()
                                + "): make room, and start again";
                    case LogException.Corrupt _ ->
                        e.getMessage() + ". "
                                + DataProof.lostWith(directory.getFileName().toString());
                    default -> String.valueOf(e.getMessage());
                },
                e);
    }

    private static void sweep(Fence fence) {
        try {
            int ended = fence.sweep();
            if (ended > 0) {
                LOG.warnf("%d processes of an earlier run were still there and were ended", ended);
            }
        } catch (FenceException e) {
            throw new StartupFailure(String.valueOf(e.getMessage()), e);
        }
    }

    /** The same for the same directory, so that a restarted service knows what is its own. */
    private static String instance(Path data) {
        try {
            byte[] hash =
                    MessageDigest.getInstance("SHA-256").digest(data.toString().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash, 0, 6);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
