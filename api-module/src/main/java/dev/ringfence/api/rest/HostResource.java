package dev.ringfence.api.rest;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.api.Ringfence;
import dev.ringfence.api.access.Caller;
import dev.ringfence.api.job.Job;
import dev.ringfence.runner.fence.FencedTree;
import dev.ringfence.runner.process.ProcessEntry;
import io.smallrye.common.annotation.Blocking;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Content;
import org.eclipse.microprofile.openapi.annotations.media.ExampleObject;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponse;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** What the host is doing, and the jobs' processes on it. */
@Path("/api/v1")
@Produces(MediaType.APPLICATION_JSON)
@Tag(name = "service")
public class HostResource {
    /** Fences of jobs are named by their ids, with a number behind when a job has several. */
    private static final Pattern JOB = Pattern.compile("([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:-.*)?");

    /** How the processes that build a fence call themselves. */
    private static final String BUILDER = "ringfence:";

    private final ServiceGate gate;

    HostResource(ServiceGate gate) {
        this.gate = gate;
    }

    @GET
    @Blocking
    @Path("/telemetry")
    @Operation(
            summary = "The host's load, and whether it lets new jobs in",
            description = "A tenth of a second old at most; the processors' shares are of the last half minute, and the"
                    + " processes are counted every two seconds or so. What the kernel does not tell is left out."
                    + " `guard.open` is false while new jobs are refused with 503 and the type `/problems/guard`.")
    @APIResponse(
            responseCode = "200",
            content = @Content(examples = @ExampleObject(name = "A quiet host", value = """
                                    {"at":"2026-03-01T12:00:00.123Z",
                                     "processors":{"count":4,"used_percent":31.2,"others_percent":4.0,"over_ms":30012},
                                     "load":{"1m":1.2,"5m":0.8,"15m":0.5},
                                     "memory":{"total_bytes":16633192448,"available_bytes":12884901888,"used_percent":22.5,
                                      "swap_total_bytes":0,"swap_free_bytes":0,
                                      "group_limit_bytes":4294967296,"group_used_bytes":536870912},
                                     "disk":{"total_bytes":107374182400,"free_bytes":64424509440},
                                     "pressure":{"cpu":{"some_avg10":2.1,"some_avg60":1.0,"full_avg10":0.0,"full_avg60":0.0},
                                      "memory":{"some_avg10":0.0,"some_avg60":0.0,"full_avg10":0.0,"full_avg60":0.0},
                                      "io":{"some_avg10":0.4,"some_avg60":0.2,"full_avg10":0.3,"full_avg60":0.1}},
                                     "processes":{"total":143,"running":2,"zombies":0,"counted_at":"2026-03-01T11:59:59.020Z"},
                                     "accelerators":[],
                                     "guard":{"enabled":true,"open":true,"limits":[{"key":"ringfence.guard.memory",
                                      "what":"memory in use","reading":22.5,"limit":80,"resume":72,"closed":false}]},
                                     "jobs":{"live":3}}""")))
    public Response telemetry() {
        var service = gate.service();
        var json = service.telemetry().read().json();
        json.set("guard", service.guard().json());
        json.putObject("jobs").put("live", service.jobs().live());
        return Response.ok(json).build();
    }

    @GET
    @Blocking
    @Path("/processes")
    @Operation(
            summary = "The processes of running jobs",
            description =
                    "Those that carry a job's mark, which they cannot take off, and no others. An agent sees those"
                            + " of its own jobs, an administrator all, and the engines'.")
    @APIResponse(responseCode = "200", content = @Content(examples = @ExampleObject(name = "One job", value = """
                                    {"at":"2026-03-01T12:00:00.123Z",
                                     "processes":[{"pid":4711,"parent":4710,
                                      "job":"7f9c0a41-0d1c-4e0f-9d62-0d8f7a3f2b11","agent":"builder",
                                      "capability":"ShellExec","command":["sleep","60"],"state":"S","threads":1,
                                      "cpu_ms":10,"memory_bytes":131072}]}""")))
    public Response processes(@QueryParam("job") @Nullable String job) {
        var service = gate.service();
        var caller = gate.caller();
        var json = JsonNodeFactory.instance.objectNode().put("at", Instant.now().toString());
        var array = json.putArray("processes");
        service.fences().running().stream()
                .sorted(Comparator.comparing(FencedTree::name))
                .forEach(tree -> {
                    var owner = owner(service, tree);
                    if (visible(caller, owner)
                            && (job == null || job.equals(owner.map(Job::id).orElse("")))) {
                        tree.processes().stream()
                                .sorted(Comparator.comparingInt(ProcessEntry::pid))
                                .forEach(process -> array.add(process(process, tree, owner)));
                    }
                });
        return Response.ok(json).build();
    }

    private static Optional<Job> owner(Ringfence service, FencedTree tree) {
        var name = JOB.matcher(tree.name());
        return name.matches() ? service.jobs().find(name.group(1)) : Optional.empty();
    }

    private static boolean visible(Caller caller, Optional<Job> owner) {
        return caller.admin() || owner.map(job -> caller.maySee(job.agent())).orElse(false);
    }

    /** What builds a fence is told by its first word only: the rest is the fence in bubblewrap's words, and long. */
    private static List<String> shown(ProcessEntry process) {
        var command = process.command();
        return command.size() > 1 && command.getFirst().startsWith(BUILDER) ? command.subList(0, 1) : command;
    }

    private static ObjectNode process(ProcessEntry process, FencedTree tree, Optional<Job> owner) {
        var json =
                JsonNodeFactory.instance.objectNode().put("pid", process.pid()).put("parent", process.parent());
        owner.ifPresentOrElse(
                job -> json.put("job", job.id())
                        .put("agent", job.agent())
                        .put("capability", job.view().submission().capability()),
                () -> json.put("engine", tree.name()));
        var command = json.putArray("command");
        shown(process).forEach(command::add);
        return json.put("state", String.valueOf(process.state()))
                .put("threads", process.threads())
                .put("cpu_ms", process.cpu().toMillis())
                .put("memory_bytes", process.memory());
    }
}
