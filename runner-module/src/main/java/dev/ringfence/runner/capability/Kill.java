package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.files.Refused;
import dev.ringfence.runner.process.HeldProcess;
import dev.ringfence.runner.process.ProcStat;
import dev.ringfence.runner.process.ProcessException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Sends a signal to a process of one of the agent's own running jobs. The process is held while it is looked at, so that
 * the signal reaches the very one, or none.
 */
public final class Kill implements Capability {
    private static final Map<String, Integer> SIGNALS = Map.of(
            "HUP", 1, "INT", 2, "QUIT", 3, "KILL", 9, "USR1", 10, "USR2", 12, "TERM", 15, "CONT", 18, "STOP", 19);

    private static final ObjectNode SCHEMA = JsonSchemas.parse("""
            {
              "$schema": "https://json-schema.org/draft/2020-12/schema",
              "type": "object",
              "properties": {
                "pid": {
                  "type": "integer",
                  "minimum": 1,
                  "maximum": 4194304,
                  "description": "the process, as the host numbers it"
                },
                "signal": {
                  "type": "string",
                  "enum": ["TERM", "INT", "HUP", "QUIT", "KILL", "USR1", "USR2", "STOP", "CONT"],
                  "default": "TERM"
                },
                "start_time": {
                  "type": "integer",
                  "minimum": 0,
                  "description": "when it started, as field 22 of /proc/PID/stat has it; another process of the same number is then left alone"
                }
              },
              "required": ["pid"],
              "additionalProperties": false
            }
            """);

    private final RunningJobs running;
    private final boolean others;

    /**
     * @param others whether an operator allows processes that are none of Ringfence's jobs
     */
    public Kill(RunningJobs running, boolean others) {
        this.running = running;
        this.others = others;
    }

    @Override
    public String name() {
        return "Kill";
    }

    @Override
    public String description() {
        return others
                ? "Sends a signal to a process of this host, but never to init, to the service or to its parent"
                : "Sends a signal to a process of one of the agent's own running jobs";
    }

    @Override
    public ObjectNode schema() {
        return SCHEMA.deepCopy();
    }

    @Override
    public boolean repeatable() {
        return false;
    }

    @Override
    public boolean fenced() {
        return false;
    }

    @Override
    public Execution start(Invocation invocation, OutputSink sink) {
        return Work.start(invocation, checkpoint -> signal(invocation, true));
    }

    @Override
    public Outcome dryRun(Invocation invocation) {
        return Work.now(invocation, checkpoint -> signal(invocation, false));
    }

    private Outcome signal(Invocation invocation, boolean really) {
        int pid = invocation.arguments().path("pid").asInt();
        var signal = invocation.arguments().path("signal").asText("TERM");
        try (var process = HeldProcess.of(pid).orElseThrow(() -> none(pid))) {
            var job = allow(invocation, pid);
            long started = startTime(pid).orElseThrow(() -> none(pid));
            var expected = invocation.arguments().path("start_time");
            if (!expected.isMissingNode() && expected.asLong() != started) {
                throw new Refused(
                        "another-process",
                        "process " + pid + " started at " + started + ", not at " + expected.asLong()
                                + ": its number was given anew");
            }
            if (!process.signal(really ? number(signal) : 0)) {
                throw none(pid);
            }
            var data = ResultJson.object()
                    .put("message", (really ? "sent " : "it would send ") + signal + " to process " + pid)
                    .put("pid", pid)
                    .put("signal", signal)
                    .put("start_time", started);
            job.ifPresent(owner -> data.put("job_id", owner.jobId()));
            return new Outcome.Completed(data);
        } catch (ProcessException e) {
            throw new Refused("not-allowed", "process " + pid + " could not be signalled: the service's user may not");
        }
    }

    /** The job whose process it is; empty for another process that an operator allows. */
    private Optional<RunningJobs.Running> allow(Invocation invocation, int pid) {
        var owner = running.owner(pid).filter(job -> job.agent().equals(invocation.agent()));
        if (owner.isPresent()) {
            return owner;
        }
        var self = ProcessHandle.current();
        boolean protectedOne = pid == 1
                || pid == self.pid()
                || self.parent().map(parent -> parent.pid() == pid).orElse(false);
        if (protectedOne || !others) {
            throw new Refused(
                    "not-allowed",
                    "process " + pid
                            + (protectedOne
                                    ? " is init, the service itself or its parent"
                                    : " belongs to none of this agent's running jobs"));
        }
        return Optional.empty();
    }

    private static int number(String signal) {
        var number = SIGNALS.get(signal);
        if (number == null) {
            throw new IllegalArgumentException("the schema knows signals that we do not: " + signal);
        }
        return number;
    }

    private static Refused none(int pid) {
        return new Refused("no-such-process", "there is no process " + pid);
    }

    private static OptionalLong startTime(int pid) {
        try {
            var stat = ProcStat.of(Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1));
            return stat.isEmpty()
                    ? OptionalLong.empty()
                    : OptionalLong.of(stat.get().number(ProcStat.START_TIME));
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }
}
