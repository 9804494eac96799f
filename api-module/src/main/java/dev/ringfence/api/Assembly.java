package dev.ringfence.api;

import dev.ringfence.api.job.Job;
import dev.ringfence.api.job.JobHost;
import dev.ringfence.api.job.JobObserver;
import dev.ringfence.api.job.Jobs;
import dev.ringfence.api.job.Preparation;
import dev.ringfence.api.journal.AuditTrail;
import dev.ringfence.api.session.Sessions;
import dev.ringfence.api.webhook.Webhooks;
import dev.ringfence.catalog.CatalogException;
import dev.ringfence.runner.capability.AskModel;
import dev.ringfence.runner.capability.Capability;
import dev.ringfence.runner.capability.GenerateText;
import dev.ringfence.runner.capability.ModelSource;
import dev.ringfence.runner.engine.GenerationRequest.Operation;
import dev.ringfence.runner.engine.LlamaServerPool;
import dev.ringfence.runner.engine.RemoteModels;
import dev.ringfence.runner.fence.FenceException;
import dev.ringfence.runner.fence.HostFences;
import dev.ringfence.runner.telemetry.Guard;
import dev.ringfence.runner.telemetry.HostTelemetry;
import dev.ringfence.wal.journal.JobRecord;
import dev.ringfence.wal.journal.Journal;
import dev.ringfence.wal.log.LogException;
import dev.ringfence.wal.log.LogObserver;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jboss.logging.Logger;

/** Opens what the service is made of, each part when what it needs is there. For one opening. */
final class Assembly {
    private static final Logger LOG = Logger.getLogger(Assembly.class);

    private final RingfenceConfig config;
    private final Path data;
    private final Opened opened;

    private Assembly(RingfenceConfig config, Path data, Opened opened) {
        this.config = config;
        this.data = data;
        this.opened = opened;
    }

    /** As {@link Ringfence#open}. */
    static Ringfence open(
            RingfenceConfig config, Ringfence.Purpose purpose, JobObserver jobObserver, LogObserver logObserver) {
        SettingRanges.require(config);
        var opened = new Opened();
        try {
            var assembly = new Assembly(config, dataDirectory(config.data()), opened);
            var parts = assembly.parts(purpose, jobObserver, logObserver);
            return new Ringfence(parts, opened, config.drainTimeout());
        } catch (RuntimeException | Error e) {
            opened.closeAfter(e);
            throw e;
        }
    }

    private Ringfence.Parts parts(Ringfence.Purpose purpose, JobObserver jobObserver, LogObserver logObserver) {
        var catalog = catalog();
        var fences = opened.add(HostFences.on(FenceConfig.of(instance(), config.fence())), HostFences::close);
        var recovered = ServiceJournal.recover(data.resolve("journal"), config.journal(), logObserver);
        var journal = opened.add(recovered.journal(), Journal::close);
        var audit = opened.add(auditTrail(journal), AuditTrail::close);
        // What is left of an earlier life is this one's to end, now that no other holds the journal.
        sweep(fences);
        var sessions = opened.add(sessions(journal), Sessions::close);
        var webhooks = opened.add(WebhookConfig.open(data.resolve("webhooks"), config.webhooks()), Webhooks::close);
        var engines = opened.add(new LlamaServerPool(EngineConfig.of(config), fences), LlamaServerPool::close);
        var remotes = opened.add(new RemoteModels(), RemoteModels::close);
        var models = new CatalogModels(catalog::catalog, engines, remotes, purpose == Ringfence.Purpose.SERVICE);
        // Jobs need the capabilities, and one of those tells the jobs; none runs before both are there.
        var undoing = new CompletableFuture<Jobs>();
        var toolbox = Toolbox.open(config, data, catalog, fences, asking(models), new Undoing(undoing::join));
        var telemetry = opened.add(HostTelemetry.on(data, fences::processorTime), HostTelemetry::close);
        var guard = new Guard(GuardConfig.of(config.guard()), config.guard().enabled(), telemetry::read);
        var jobs = new Jobs(
                JobConfig.of(config, toolbox.capabilities()),
                journal,
                toolbox.capabilities(),
                new CatalogTerms(catalog, fences),
                new JobHost(guard::check, () -> Optional.of(telemetry.read().json())),
                Preparation.all(List.of(sessions, webhooks)),
                JobObserver.both(jobObserver, webhooks));
        undoing.complete(jobs);
        var parts = new Ringfence.Parts(
                catalog, fences, engines, models, toolbox, journal, audit, telemetry, guard, sessions, webhooks, jobs);
        begin(parts, purpose, recovered.jobs());
        return parts;
    }

    /** Goes on with what an earlier life left, once all parts are there. */
    private static void begin(Ringfence.Parts parts, Ringfence.Purpose purpose, List<JobRecord> left) {
        parts.webhooks().begin(id -> parts.jobs().find(id).map(Job::view));
        switch (purpose) {
            case SERVICE -> {
                parts.jobs().recover(left);
                parts.webhooks().resume();
            }
            case OWN_JOBS -> parts.jobs().interrupt(left);
        }
        parts.catalog().begin(parts.models()::use);
    }

    private static List<Capability> asking(ModelSource models) {
        return List.of(
                new GenerateText(models),
                new AskModel(Operation.CHAT, models),
                new AskModel(Operation.COMPLETION, models),
                new AskModel(Operation.EMBEDDINGS, models));
    }

    private LiveCatalog catalog() {
        try {
            return LiveCatalog.open(config.catalog(), AddedModels.open(data.resolve("models.json")));
        } catch (CatalogException e) {
            throw new StartupFailure(String.valueOf(e.getMessage()), e);
        }
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

    private static void sweep(HostFences fences) {
        try {
            int ended = fences.sweep();
            if (ended > 0) {
                LOG.warnf("%d processes of an earlier run were still there and were ended", ended);
            }
        } catch (FenceException e) {
            throw new StartupFailure(String.valueOf(e.getMessage()), e);
        }
    }

    private Sessions sessions(Journal journal) {
        var directory = data.resolve("sessions");
        try {
            return new Sessions(directory, config.sessions().perAgent(), journal::lastSequence);
        } catch (LogException e) {
            throw StartupFailure.notOpened(directory, e);
        }
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

    /** The same for the same directory, so that a restarted service knows what is its own. */
    private String instance() {
        try {
            byte[] hash =
                    MessageDigest.getInstance("SHA-256").digest(data.toString().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash, 0, 6);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
