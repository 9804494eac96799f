package dev.ringfence.api;

import dev.ringfence.catalog.Catalog;
import dev.ringfence.catalog.Model;
import dev.ringfence.catalog.ModelFile;
import dev.ringfence.catalog.Provider;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.capability.ModelSource;
import dev.ringfence.runner.engine.EnginePurpose;
import dev.ringfence.runner.engine.FileStamp;
import dev.ringfence.runner.engine.LlamaServerPool;
import dev.ringfence.runner.engine.LocalModel;
import dev.ringfence.runner.engine.RemoteModels;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The catalog's models, for those who may use them. Engines are shared between jobs, so they run in the profile that the
 * catalog gives the model, whatever profile a job asks for.
 */
final class CatalogModels implements ModelSource {
    private final Supplier<Catalog> catalogs;
    private final LlamaServerPool engines;
    private final RemoteModels remotes;
    private final boolean pins;
    private volatile Set<LocalModel> inUse = Set.of();

    /** The files of those in use, as they were when the catalog came into use; replaced as a whole. */
    private volatile Map<Path, FileStamp> stamps = Map.of();

    /** @param pins whether engines are kept up that the catalog pins */
    CatalogModels(Supplier<Catalog> catalogs, LlamaServerPool engines, RemoteModels remotes, boolean pins) {
        this.catalogs = catalogs;
        this.engines = engines;
        this.remotes = remotes;
        this.pins = pins;
    }

    @Override
    public Resolution resolve(String id, String agent) {
        var catalog = catalogs.get();
        if (!catalog.enabled()) {
            return new Resolution.Refused(
                    "models-disabled", "slm.enabled is false in the catalog; set it to true to run models");
        }
        var model = catalog.model(id);
        if (model.isEmpty()) {
            return new Resolution.Refused(
                    "unknown-model",
                    "/model: there is no model \"" + id + "\" in the catalog; GET /api/v1/models lists what there is");
        }
        if (!catalog.mayUse(agent, id)) {
            return new Resolution.Refused(
                    "model-not-allowed",
                    "/model: agent \"" + agent + "\" may not use \"" + id + "\"; it may use "
                            + catalog.modelsFor(agent).stream()
                                    .map(Model::reference)
                                    .toList());
        }
        return switch (model.get().provider()) {
            case Provider.LocalFile _, Provider.HuggingFace _ -> local(catalog, model.get());
            case Provider.Remote remote ->
                new Resolution.Found(
                        remotes.serve(model.get().reference(), remote, longest(catalog.engineProfile(model.get()))));
        };
    }

    /** A remote service is in no fence, but a profile's time limit can be kept all the same. */
    private static Duration longest(SandboxProfile profile) {
        return profile.processLimits().maxExecutionTime();
    }

    private Resolution local(Catalog catalog, Model model) {
        return switch (model.file().orElseThrow()) {
            case ModelFile.Missing(var message) -> new Resolution.Refused("model-file-not-found", message);
            case ModelFile.Found(var path) -> {
                var local = localModel(catalog, model, path, stamps.get(path));
                if (!inUse.contains(local)) {
                    // Its file came, or became another one, after the catalog did.
                    use(false);
                    local = localModel(catalog, model, path, stamps.get(path));
                }
                yield new Resolution.Found(engines.serve(local));
            }
        };
    }

    /**
     * Lets the engines of this host have the models of the catalog in use.
     *
     * @param anew whether with all files as they are now
     */
    synchronized void use(boolean anew) {
        use(anew ? Map.of() : stamps);
    }

    /** @param known files that are not looked at again: they may be in the middle of being written */
    private synchronized void use(Map<Path, FileStamp> known) {
        var catalog = catalogs.get();
        var found = new HashMap<Path, FileStamp>();
        var now = new HashSet<LocalModel>();
        if (catalog.enabled()) {
            for (var model : catalog.models()) {
                if (model.file().orElse(null) instanceof ModelFile.Found(var path)) {
                    Optional.ofNullable(known.get(path))
                            .or(() -> stamp(path))
                            .ifPresent(stamp -> found.put(path, stamp));
                    now.add(localModel(catalog, model, path, found.get(path)));
                }
            }
        }
        stamps = Map.copyOf(found);
        inUse = now;
        engines.use(now);
    }

    /**
     * Why an engine that is up may answer garbage: somebody wrote into the file that it has mapped.
     *
     * @param up since when
     */
    Optional<String> overwritten(Model model, Instant up) {
        if (!(model.file().orElse(null) instanceof ModelFile.Found(var path))) {
            return Optional.empty();
        }
        var known = stamps.get(path);
        return stamp(path)
                .filter(now -> known != null && now.overwrites(known))
                // What was written before the engine came up is what it has read.
                .filter(now -> now.changed().toInstant().isAfter(up))
                .map(_ -> "the model's file was written into while its engine had it open, so its answers may be"
                        + " garbage: reload the catalog when the file is whole, and replace a model's file by mv");
    }

    private static Optional<FileStamp> stamp(Path file) {
        try {
            return Optional.of(FileStamp.of(file));
        } catch (IOException e) {
            // Whoever starts its engine says so.
            return Optional.empty();
        }
    }

    private LocalModel localModel(Catalog catalog, Model model, Path file, @Nullable FileStamp stamp) {
        return new LocalModel(
                model.reference(),
                file,
                model.sha256().orElse(null),
                catalog.engineProfile(model),
                model.requirements().minMemory(),
                model.contextTokens(),
                model.engine().slots(),
                pins && model.engine().pinned() ? purpose(model) : null,
                stamp == null ? null : stamp.content());
    }

    private static EnginePurpose purpose(Model model) {
        return model.onlyEmbeds() ? EnginePurpose.EMBEDDINGS : EnginePurpose.TEXT;
    }
}
