package dev.ringfence.api;

import dev.ringfence.catalog.Catalog;
import dev.ringfence.catalog.Model;
import dev.ringfence.runner.capability.ModelSource;
import dev.ringfence.runner.engine.LlamaServerPool;
import dev.ringfence.runner.engine.LocalModel;

/**
 * The catalog's models, for those who may use them. Engines are shared between jobs, so they run in the catalog's
 * default profile, whatever profile a job asks for.
 */
final class CatalogModels implements ModelSource {
    private final Catalog catalog;
    private final LlamaServerPool engines;

    CatalogModels(Catalog catalog, LlamaServerPool engines) {
        this.catalog = catalog;
        this.engines = engines;
    }

    @Override
    public Resolution resolve(String id, String agent) {
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
                            + catalog.modelsFor(agent).stream().map(Model::id).toList());
        }
        return model.get()
                .localFile()
                .<Resolution>map(
                        file -> new Resolution.Found(engines.serve(new LocalModel(id, file, catalog.defaultProfile()))))
                .orElseGet(() -> new Resolution.Refused(
                        "provider-not-supported",
                        "/model: \"" + id + "\" is of the provider "
                                + model.get().provider().externalName()
                                + "; this version runs models of LocalFile only"));
    }
}
