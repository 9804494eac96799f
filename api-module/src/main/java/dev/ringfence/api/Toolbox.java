package dev.ringfence.api;

import dev.ringfence.catalog.Catalog;
import dev.ringfence.catalog.Problem;
import dev.ringfence.runner.capability.Capabilities;
import dev.ringfence.runner.capability.Capability;
import dev.ringfence.runner.capability.FenceTools;
import dev.ringfence.runner.capability.FileRead;
import dev.ringfence.runner.capability.FileWrite;
import dev.ringfence.runner.capability.GitExec;
import dev.ringfence.runner.capability.GitSettings;
import dev.ringfence.runner.capability.JobPlaces;
import dev.ringfence.runner.capability.Kill;
import dev.ringfence.runner.capability.ManifestCapability;
import dev.ringfence.runner.capability.ManifestException;
import dev.ringfence.runner.capability.RunningJobs;
import dev.ringfence.runner.capability.ShellExec;
import dev.ringfence.runner.capability.Undo;
import dev.ringfence.runner.fence.FenceSettings;
import dev.ringfence.runner.fence.Fences;
import dev.ringfence.runner.files.Artifacts;
import dev.ringfence.runner.files.Backups;
import dev.ringfence.runner.files.CriticalFiles;
import dev.ringfence.runner.files.FileRoot;
import dev.ringfence.runner.files.FileRoots;
import dev.ringfence.runner.files.FileWrites;
import dev.ringfence.runner.files.JobFiles;
import dev.ringfence.runner.files.Refused;
import dev.ringfence.runner.files.UndoRecord;
import dev.ringfence.runner.files.Workspaces;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** What agents can invoke, and the files that belong to it. */
record Toolbox(Capabilities capabilities, Artifacts artifacts, JobFiles files) {
    /**
     * Looks through the settings and the files of an earlier life.
     *
     * @throws StartupFailure when a setting cannot hold; the message names it
     */
    static Toolbox open(
            RingfenceConfig config,
            Path data,
            LiveCatalog live,
            Fences fences,
            List<Capability> asking,
            Undo.Journaled undoing) {
        try {
            var firstUser = config.fence().firstUser() + FenceSettings.USERS;
            var workspaces = new Workspaces(data.resolve("workspaces"), firstUser);
            var roots = new FileRoots(
                    named(config.files().roots()),
                    workspaces,
                    (agent, root) -> live.catalog()
                            .grants(agent)
                            .map(grants -> root.equals(FileRoots.WORKSPACE) || grants.allowsRoot(root))
                            .orElse(false),
                    data);
            var backups = new Backups(
                    data.resolve("backups"),
                    config.files().backupsBytes(),
                    config.files().backupsKept());
            var writes = new FileWrites(
                    backups, new CriticalFiles(config.files().critical().orElse(CriticalFiles.DEFAULTS)));
            writes.sweep(record -> root(roots, record));
            var limits = config.artifacts();
            var artifacts = new Artifacts(
                    data.resolve("artifacts"),
                    new Artifacts.Limits(limits.count(), limits.fileBytes(), limits.totalBytes()),
                    limits.kept());
            var running = new RunningJobs();
            var tools = new FenceTools(fences, Optional.of(new JobPlaces(fences, roots, artifacts)), running);
            var builtIn = new ArrayList<Capability>(asking);
            builtIn.addAll(List.of(
                    new ShellExec(tools),
                    new FileRead(roots),
                    new FileWrite(roots, writes),
                    new Undo(roots, writes, undoing),
                    new GitExec(tools, git(config.capabilities().git())),
                    new Kill(running, config.capabilities().killOthers())));
            var manifests = config.capabilities().directory();
            var capabilities = Capabilities.of(all(builtIn, manifests, tools, live.catalog()));
            live.join(new Companion() {
                @Override
                public Runnable prepare(Catalog next) {
                    return capabilities.replacing(all(builtIn, manifests, tools, next));
                }

                @Override
                public List<Problem> doubts(Catalog inUse) {
                    var names = capabilities.all().stream()
                            .map(Capability::name)
                            .collect(Collectors.toCollection(TreeSet::new));
                    return inUse.unknownGrants(names, new TreeSet<>(roots.names()));
                }
            });
            return new Toolbox(capabilities, artifacts, new JobFiles(workspaces, artifacts, backups));
        } catch (ManifestException | IllegalArgumentException | UncheckedIOException e) {
            throw new StartupFailure(String.valueOf(e.getMessage()), e);
        }
    }

    private static Map<String, FileRoots.Named> named(Map<String, RingfenceConfig.Files.Root> roots) {
        return roots.entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey,
                        root -> new FileRoots.Named(
                                root.getValue().path(), root.getValue().writable())));
    }

    /** Empty for a root that is configured no more. */
    private static Optional<FileRoot> root(FileRoots roots, UndoRecord record) {
        try {
            return Optional.of(roots.find(Optional.of(record.root()), record.agent(), record.session()));
        } catch (Refused e) {
            return Optional.empty();
        }
    }

    /** What is built in, and what the manifests describe. */
    private static List<Capability> all(
            List<Capability> builtIn, Optional<Path> manifests, FenceTools tools, Catalog catalog) {
        var all = new ArrayList<>(builtIn);
        manifests.ifPresent(directory -> all.addAll(ManifestCapability.readAll(directory, tools)));
        var errors = new ArrayList<String>();
        var names = new HashSet<String>();
        for (var capability : all) {
            if (!names.add(capability.name())) {
                errors.add("two capabilities are called " + capability.name() + "; give the manifest's another name");
            }
            capability
                    .profile()
                    .filter(name -> catalog.profile(name).isEmpty())
                    .ifPresent(name -> errors.add("the capability " + capability.name()
                            + " asks for the sandbox profile " + name + ", which the catalog does not have"));
        }
        if (!errors.isEmpty()) {
            throw new ManifestException(errors);
        }
        return all;
    }

    private static GitSettings git(RingfenceConfig.Capabilities.Git git) {
        return new GitSettings(
                Set.copyOf(git.hosts().orElse(List.of())),
                Set.copyOf(git.protocols()),
                Set.copyOf(git.privateHosts().orElse(List.of())),
                git.caFile());
    }
}
