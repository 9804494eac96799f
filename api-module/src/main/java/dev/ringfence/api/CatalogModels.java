package dev.ringfence.api;

import dev.ringfence.catalog.Catalog;
import dev.ringfence.catalog.Model;
import dev.ringfence.catalog.ModelFile;
import dev.ringfence.catalog.Provider;
import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.capability.ModelSource;
import dev.ringfence.runner.engine.EnginePurpose;
import dev.ringfence.runner.engine.LlamaServerPool;
import dev.ringfence.runner.engine.LocalModel;
import dev.ringfence.runner.engine.RemoteModels;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The catalog's models, for those who may use them. Engines are shared between jobs, so they run in the profile that the
 * catalog gives the model, whatever profile a job asks for.
 */
final class CatalogModels implements ModelSource {
    private final Supplier<Catalog> catalogs;
    private final LlamaServerPool engines;
    private final RemoteModels remotes;
    private volatile Set<LocalModel> inUse = Set.of();

    CatalogModels(Supplier<Catalog> catalogs, LlamaServerPool engines, RemoteModels remotes) {
        this.catalogs = catalogs;
        this.engines = engines;
        this.remotes = remotes;
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
                var local = localModel(catalog, model, path);
                if (!inUse.contains(local)) {
                    // Its file came, or became another one, after the catalog did.
                    use();
                }
                yield new Resolution.Found(engines.serve(local));
            }
        };
    }

    /** Lets the engines of this host have the models of the catalog in use, with the files as they are now. */
    synchronized void use() {
        var now = localModels(catalogs.get());
        inUse = now;
        engines.use(now);
    }

    /** What the engines of this host have to do with a catalog. */
    private static Set<LocalModel> localModels(Catalog catalog) {
        var models = new HashSet<LocalModel>();
        if (catalog.enabled()) {
            for (var model : catalog.models()) {
                if (model.file().orElse(null) instanceof ModelFile.Found(var path)) {
                    models.add(localModel(catalog, model, path));
                }
            }
        }
        return models;
    }

    private static LocalModel localModel(Catalog catalog, Model model, Path file) {
        return new LocalModel(
                model.reference(),
                file,
                model.sha256().orElse(null),
                catalog.engineProfile(model),
                model.requirements().minMemory(),
                model.contextTokens(),
                model.engine().slots(),
                model.engine().pinned() ? purpose(model) : null);
    }

    private static EnginePurpose purpose(Model model) {
        return model.onlyEmbeds() ? EnginePurpose.EMBEDDINGS : EnginePurpose.TEXT;
    }
}
