package dev.ringfence.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.catalog.Catalog;
import dev.ringfence.catalog.CatalogException;
import dev.ringfence.catalog.Model;
import dev.ringfence.catalog.Problem;
import dev.ringfence.runner.capability.ManifestException;
import dev.ringfence.runner.fence.SyscallListCheck;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;

/**
 * The catalog in use: the file's, with the models that were added at run time. Another one takes its place as a whole or
 * not at all; who has taken a model out of the old one keeps it. Thread-safe; changing it blocks.
 */
public final class LiveCatalog {
    private static final Logger LOG = Logger.getLogger(LiveCatalog.class);

    private final Optional<Path> file;
    private final AddedModels added;
    /** Guarded by this, as the next. */
    private Listener changed = _ -> {};

    private Companion companion = Companion.NONE;

    /** Of the file alone. */
    private Catalog base;

    /** What the last reload took away with all that is in it. */
    private List<String> taken = List.of();

    private volatile State state;

    /**
     * A catalog and since when it is in use.
     *
     * @param addedModels the references of models that were added at run time
     * @param warnings what is doubtful about it
     */
    public record State(Catalog catalog, Instant since, Set<String> addedModels, List<String> warnings) {
        public State {
            addedModels = Set.copyOf(addedModels);
            warnings = List.copyOf(warnings);
        }
    }

    /**
     * The file's catalog with what was added to it.
     *
     * @param references of models that were added
     * @param leftOut why others were not
     */
    private record Whole(Catalog catalog, Set<String> references, List<String> leftOut) {}

    private LiveCatalog(Optional<Path> file, Catalog base, AddedModels added) {
        this.file = file;
        this.base = base;
        this.added = added;
        var whole = whole(base, added);
        this.state = new State(whole.catalog(), Instant.now(), whole.references(), warnings(whole, taken, List.of()));
    }

    /**
     * Reads the catalog.
     *
     * @param file none means no models
     * @throws CatalogException with all that is wrong with the file
     */
    static LiveCatalog open(Optional<Path> file, AddedModels added) {
        var live = new LiveCatalog(file, read(file), added);
        live.state.warnings().forEach(LiveCatalog::warn);
        return live;
    }

    /** Hears of each catalog that comes into use. */
    @FunctionalInterface
    interface Listener {
        /**
         * Another one is in use.
         *
         * @param read whether the file was read again, or a model only came or went
         */
        void changed(boolean read);
    }

    /** @param listener hears of the present one, too */
    synchronized void begin(Listener listener) {
        changed = listener;
        changed.changed(true);
    }

    /** From now on this is read again with the file. */
    synchronized void join(Companion other) {
        companion = other;
        state = state(whole(base, added));
        companion.doubts(catalog()).forEach(doubt -> warn(doubt.toString()));
    }

    /** The one in use now. */
    public Catalog catalog() {
        return state.catalog();
    }

    /** The one in use now, and more about it. */
    public State state() {
        return state;
    }

    /**
     * Reads the file again, and with it the manifests of capabilities.
     *
     * @throws CatalogException with all that is wrong with it; the catalog in use stays
     * @throws ManifestException with all that is wrong with the manifests; the catalog and the capabilities in use stay
     */
    public synchronized State reload() {
        var read = read(file);
        var next = whole(read, added);
        var joined = companion.prepare(next.catalog());
        taken = taken(base, read);
        base = read;
        joined.run();
        use(state(next), true);
        LOG.infof(
                "The catalog was read again: %d models, %d sandbox profiles",
                catalog().models().size(), catalog().profiles().size());
        state.warnings().forEach(LiveCatalog::warn);
        return state;
    }

    /** {@link #reload}, with the outcome in the log; whether it is a new one. */
    boolean reloadOnSignal() {
        try {
            var _ = reload();
            return true;
        } catch (CatalogException | ManifestException e) {
            LOG.errorf("The catalog was not read again, and the one in use stays: %s", e.getMessage());
            return false;
        }
    }

    /**
     * Adds a model, which stays through restarts.
     *
     * @param model with the keys that a model has in the file
     * @throws CatalogException with all that is wrong with it
     * @throws CatalogChangeException when it cannot be added for another reason
     */
    public synchronized Model add(ObjectNode model) {
        allowed();
        var known = catalog().models().stream().map(Model::reference).collect(Collectors.toSet());
        var next = catalog().with(model);
        var more = new ArrayList<>(added.all());
        more.add(model.deepCopy());
        added.replace(more);
        use(state(whole(base, added)), false);
        return next.models().stream()
                .filter(one -> !known.contains(one.reference()))
                .findFirst()
                .flatMap(one -> catalog().model(one.reference()))
                .orElseThrow(() -> new IllegalStateException("a model was added and is not there"));
    }

    /**
     * Removes a model that was added at run time, also one that is not used because the file has the like of it by now.
     *
     * @param name as {@link Catalog#model} takes it, or of one that is not used, its reference
     * @throws CatalogChangeException when it cannot be removed
     */
    public synchronized void remove(String name) {
        allowed();
        var model = catalog().model(name);
        var reference = model.map(Model::reference).orElse(name);
        var left = added.all().stream()
                .filter(one -> !reference(one).equals(reference))
                .toList();
        if (left.size() < added.all().size()) {
            added.replace(left);
            use(state(whole(base, added)), false);
        } else if (model.isPresent()) {
            throw new CatalogChangeException.OfTheFile(
                    "\"" + name + "\" stands in the catalog file; take it out there, and reload the catalog");
        } else {
            throw new CatalogChangeException.UnknownModel(
                    "there is no model \"" + name + "\" in the catalog; GET /api/v1/models lists what there is");
        }
    }

    private void allowed() {
        if (!base.runtimeOverridesAllowed()) {
            throw new CatalogChangeException.NotAllowed(
                    "slm.model_allow_lists.allow_runtime_overrides is false in the catalog; set it to true and reload the"
                            + " catalog, or put the model into the file");
        }
    }

    private void use(State next, boolean read) {
        state = next;
        changed.changed(read);
    }

    private State state(Whole whole) {
        return new State(
                whole.catalog(),
                Instant.now(),
                whole.references(),
                warnings(whole, taken, companion.doubts(whole.catalog())));
    }

    private static List<String> warnings(Whole whole, List<String> taken, List<Problem> doubts) {
        var warnings = new ArrayList<>(taken);
        whole.catalog().warnings().forEach(warning -> warnings.add(warning.toString()));
        doubts.forEach(doubt -> warnings.add(doubt.toString()));
        warnings.addAll(whole.leftOut());
        return warnings;
    }

    /** What was meant, or the half of a file whose writer was stopped. */
    private static List<String> taken(Catalog before, Catalog now) {
        var taken = new ArrayList<String>();
        if (before.restrictsAgents() && !now.restrictsAgents()) {
            taken.add("the file that was read last has no table [agents] any more: every agent may ask for everything");
        }
        if (before.mapsAgents() && !now.mapsAgents()) {
            taken.add("the file that was read last has no slm.model_allow_lists.agent_model_maps any more: every agent"
                    + " may use every model");
        }
        if (!before.models().isEmpty() && now.models().isEmpty()) {
            taken.add("the file that was read last has no models any more; before it there were "
                    + before.models().size());
        }
        return taken;
    }

    private static Whole whole(Catalog fromFile, AddedModels added) {
        var catalog = fromFile;
        var references = new HashSet<String>();
        var leftOut = new ArrayList<String>();
        if (!fromFile.runtimeOverridesAllowed() && !added.all().isEmpty()) {
            leftOut.add(added.all().size()
                    + " models that were added at run time are not used, since allow_runtime_overrides is false");
        }
        for (var model : fromFile.runtimeOverridesAllowed() ? added.all() : List.<ObjectNode>of()) {
            try {
                catalog = catalog.with(model);
                references.add(reference(model));
            } catch (CatalogException e) {
                leftOut.add("the model " + reference(model) + ", which was added at run time, is not used: "
                        + e.problems().stream().map(Problem::toString).collect(Collectors.joining("; ")));
            }
        }
        return new Whole(catalog, references, leftOut);
    }

    private static String reference(ObjectNode model) {
        var version = model.path("version").asText("");
        return model.path("id").asText("") + (version.isEmpty() ? "" : "@" + version);
    }

    private static void warn(String warning) {
        LOG.warnf("Catalog: %s", warning);
    }

    private static Catalog read(Optional<Path> file) {
        return file.map(path -> Catalog.load(path, new SyscallListCheck())).orElseGet(Catalog::empty);
    }
}
