package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.fence.Fences;
import dev.ringfence.runner.fence.Workplace;
import dev.ringfence.runner.fence.Workplace.Binding;
import dev.ringfence.runner.files.Artifacts;
import dev.ringfence.runner.files.FileRoot;
import dev.ringfence.runner.files.FileRoots;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Gives the programs of jobs their workspace and a directory for what they produce. Thread-safe; blocks. */
public final class JobPlaces {
    /** Where a program leaves the files of its result; {@code RINGFENCE_OUTPUT} names it as well. */
    private static final Path OUTPUT = Path.of("/output");

    private final Fences fences;
    private final FileRoots roots;
    private final Artifacts artifacts;

    public JobPlaces(Fences fences, FileRoots roots, Artifacts artifacts) {
        this.fences = fences;
        this.roots = roots;
        this.artifacts = artifacts;
    }

    /** The root of a name, as the programs of a job see it. */
    FileRoot root(Optional<String> name, Invocation invocation) {
        var root = roots.find(name, invocation.agent(), invocation.session());
        return fences.ownTree(invocation.profile()) ? root : root.seenInPlace();
    }

    /** Makes a job's places. What is given beside the workspace is seen where its root says. */
    JobPlace open(Invocation invocation, List<FileRoot> others) {
        var user = roots.user(invocation.agent(), invocation.session());
        var workspace = root(Optional.empty(), invocation);
        var bindings = bindings(workspace, others);
        // Last: from here on somebody has to collect or delete it.
        var output = artifacts.open(invocation.jobId(), user);
        var seen = fences.ownTree(invocation.profile()) ? OUTPUT : output;
        bindings.add(new Binding(output, seen, true));
        return new JobPlace(
                artifacts,
                invocation.jobId(),
                new Workplace(bindings, Optional.of(workspace.inside()), user),
                Map.of("RINGFENCE_WORKSPACE", workspace.inside().toString(), "RINGFENCE_OUTPUT", seen.toString()));
    }

    /** What a job would see, for a dry run. */
    ObjectNode show(Invocation invocation, List<FileRoot> others) {
        var json = ResultJson.object();
        var workspace = root(Optional.empty(), invocation);
        json.put("directory", workspace.inside().toString());
        var seen = json.putArray("sees");
        bindings(workspace, others)
                .forEach(binding -> seen.addObject()
                        .put("path", binding.inside().toString())
                        .put("writable", binding.writable()));
        seen.addObject()
                .put(
                        "path",
                        fences.ownTree(invocation.profile()) ? OUTPUT.toString() : "a directory that is yet to be made")
                .put("writable", true);
        return json;
    }

    private static List<Binding> bindings(FileRoot workspace, List<FileRoot> others) {
        var bindings = new ArrayList<Binding>();
        bindings.add(new Binding(workspace.path(), workspace.inside(), true));
        others.stream()
                .filter(root -> !root.name().equals(FileRoots.WORKSPACE))
                .distinct()
                .forEach(root -> bindings.add(new Binding(root.path(), root.inside(), root.writable())));
        return bindings;
    }

    /**
     * The places of one job.
     *
     * @param environment tells the program where they are
     */
    record JobPlace(Artifacts artifacts, String jobId, Workplace workplace, Map<String, String> environment) {
        /** Adds what the job produced to its result; nothing of the job may be running any more. */
        void collect(ObjectNode data) {
            var collected = artifacts.collect(jobId, () -> {});
            if (!collected.artifacts().isEmpty()) {
                var array = data.putArray("artifacts");
                collected.artifacts().forEach(artifact -> array.add(artifact.json()));
            }
            if (!collected.skipped().isEmpty()) {
                var array = data.putArray("artifacts_skipped");
                collected
                        .skipped()
                        .forEach(skipped ->
                                array.addObject().put("name", skipped.name()).put("reason", skipped.reason()));
            }
        }
    }
}
