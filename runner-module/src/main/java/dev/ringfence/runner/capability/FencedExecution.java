package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.capability.JobPlaces.JobPlace;
import dev.ringfence.runner.fence.FenceException;
import dev.ringfence.runner.fence.FencedCommand;
import dev.ringfence.runner.fence.FencedProcess;
import dev.ringfence.runner.fence.FencedResult;
import dev.ringfence.runner.fence.LimitHit;
import dev.ringfence.runner.fence.Workplace;
import dev.ringfence.runner.files.Refused;
import dev.ringfence.runner.process.OutputListener;
import dev.ringfence.runner.process.ProcessEnd;
import dev.ringfence.runner.process.Signals;
import dev.ringfence.runner.process.Stream;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Programs in fences as a job's work. Building a fence blocks for milliseconds, so the work has a virtual thread of its
 * own; a cancellation that comes meanwhile ends the building, or keeps it from beginning.
 */
final class FencedExecution implements Execution {
    /** Of each stream; what comes beyond is counted and dropped. */
    static final long CAPTURE = 10 << 20;

    /** What the fence itself keeps: enough of its last words when it breaks. */
    private static final long LAST_WORDS = 16 * 1024;

    private static final int MOST_WORDS = 24;
    private static final int LONGEST_WORD = 200;

    private final CompletableFuture<Outcome> outcome = new CompletableFuture<>();
    private final FenceTools tools;
    private final Invocation invocation;
    private final Duration deadline;
    private final FencedScript script;
    private final OutputSink sink;
    private final ArrayNode programs = ResultJson.object().arrayNode();
    private long begun;

    /** Ends the program that is under way. */
    private @Nullable Runnable stop;

    private boolean cancelled;

    private FencedExecution(
            FenceTools tools, Invocation invocation, Duration deadline, FencedScript script, OutputSink sink) {
        this.tools = tools;
        this.invocation = invocation;
        this.deadline = deadline;
        this.script = script;
        this.sink = sink;
    }

    /**
     * Starts the work.
     *
     * @param deadline of all programs together; the invocation's and its profile's hold as well
     */
    static Execution start(
            FenceTools tools, Invocation invocation, Duration deadline, FencedScript script, OutputSink sink) {
        var execution = new FencedExecution(tools, invocation, invocation.limit(deadline), script, sink);
        Thread.ofVirtual().name("fence-" + fenceName(invocation.jobId())).start(execution::run);
        return execution;
    }

    /** What a job's fence is called; ids of other forms are made to fit. */
    static String fenceName(String jobId) {
        var name = jobId.replaceAll("[^A-Za-z0-9.-]", "-");
        return name.length() <= 76 ? name : name.substring(0, 76);
    }

    @Override
    public Uni<Outcome> outcome() {
        // A copy, so that cancelling the subscription does not complete the original.
        return Uni.createFrom().completionStage(() -> outcome.copy());
    }

    @Override
    public Optional<Duration> limit() {
        return Optional.of(deadline);
    }

    @Override
    public void cancel() {
        Runnable current;
        synchronized (this) {
            cancelled = true;
            current = stop;
        }
        if (current != null) {
            current.run();
        }
    }

    private void run() {
        try {
            outcome.complete(work());
        } catch (Refused e) {
            outcome.complete(ResultJson.failed(e));
        } catch (FenceException e) {
            outcome.complete(ResultJson.failed(e));
        } catch (RuntimeException | Error e) {
            outcome.complete(ResultJson.internal(invocation.jobId(), e, ResultJson.object()));
        }
    }

    private Outcome work() {
        if (isCancelled()) {
            return new Outcome.Cancelled(ResultJson.object());
        }
        var place = tools.places().map(places -> places.open(invocation, script.roots()));
        try {
            return programs(place);
        } catch (RuntimeException | Error e) {
            // What an unfinished job left is nobody's result.
            place.ifPresent(left -> left.artifacts().delete(left.jobId()));
            throw e;
        }
    }

    private Outcome programs(Optional<JobPlace> place) {
        var done = new ArrayList<FencedResult>();
        Ran last = null;
        while (true) {
            var step = script.next(done);
            if (step.isEmpty()) {
                return outcomeOf(Objects.requireNonNull(last, "a script has at least one program"), place);
            }
            if (last != null) {
                last.output().giveUp();
            }
            last = program(step.get(), done.size(), place);
            if (last == null) {
                place.ifPresent(left -> left.artifacts().delete(left.jobId()));
                return new Outcome.Cancelled(ResultJson.object());
            }
            if (!last.result().end().equals(new ProcessEnd.Exited(0))) {
                return outcomeOf(last, place);
            }
            done.add(last.result());
        }
    }

    /** Hears a program, and how to end it before it runs. */
    private record Ears(TextOutput output, FencedExecution execution) implements OutputListener {
        @Override
        public void starting(Runnable stop) {
            execution.endBy(stop);
        }

        @Override
        public void wrote(Stream stream, byte[] chunk) {
            output.wrote(stream, chunk);
        }

        @Override
        public void noticed(String what) {
            output.noticed(what);
        }
    }

    /** A program that has ended, and its output. */
    private record Ran(FencedResult result, TextOutput output) {}

    /** Null when the job was cancelled before the program could start. */
    private @Nullable Ran program(FencedScript.Step step, int number, Optional<JobPlace> place) {
        var command = command(step, number, place);
        if (isCancelled()) {
            return null;
        }
        var output = step.quiet()
                ? new TextOutput((channel, text) -> {}, OutputFiles.NONE, CAPTURE, List.of(), 0)
                : new TextOutput(sink, invocation.outputs(), CAPTURE, script.secrets(), script.wanted());
        FencedProcess process;
        try {
            process = tools.fences().start(command, new Ears(output, this));
        } catch (RuntimeException | Error e) {
            endBy(null);
            output.giveUp();
            throw e;
        }
        var running = new RunningJobs.Running(invocation.jobId(), invocation.agent(), process);
        tools.running().add(running);
        try {
            var result = process.result().await().indefinitely();
            output.end();
            programs.add(ranProgram(step.argv(), result));
            return new Ran(result, output);
        } catch (RuntimeException | Error e) {
            output.giveUp();
            throw e;
        } finally {
            endBy(null);
            tools.running().remove(running);
        }
    }

    private FencedCommand command(FencedScript.Step step, int number, Optional<JobPlace> place) {
        var name = fenceName(invocation.jobId()) + (number == 0 ? "" : "-" + number);
        var environment = new HashMap<>(step.environment());
        place.ifPresent(places -> environment.putAll(places.environment()));
        if (number == 0) {
            begun = System.nanoTime();
        }
        var left = number == 0 ? deadline : deadline.minusNanos(System.nanoTime() - begun);
        return new FencedCommand(
                name,
                invocation.profile(),
                step.argv(),
                environment,
                step.input(),
                step.readOnly(),
                0,
                left.isPositive() ? left : Duration.ofMillis(1),
                step.quiet() ? CAPTURE : LAST_WORDS,
                place.map(JobPlace::workplace).orElse(Workplace.NONE));
    }

    private void endBy(@Nullable Runnable given) {
        boolean late;
        synchronized (this) {
            stop = given;
            late = cancelled;
        }
        if (late && given != null) {
            given.run();
        }
    }

    private synchronized boolean isCancelled() {
        return cancelled;
    }

    private Outcome outcomeOf(Ran ran, Optional<JobPlace> place) {
        var data = data(ran.result(), ran.output());
        data.set("programs", programs);
        place.ifPresent(places -> places.collect(data));
        var ended = outcomeOf(ran.result().end(), data);
        script.finish(data, ran.output().beginning());
        return ended;
    }

    private Outcome outcomeOf(ProcessEnd end, ObjectNode data) {
        return switch (end) {
            case ProcessEnd.Exited(int code) -> {
                data.put("success", code == 0);
                data.put("exit_code", code);
                data.put("message", "the program ended with " + code);
                yield new Outcome.Completed(data);
            }
            case ProcessEnd.Signalled(int signal) -> {
                data.put("success", false);
                data.put("exit_code", Signals.exitCode(signal));
                data.put("signal", signal);
                data.put("message", "the program was ended by signal " + signal);
                yield new Outcome.Completed(data);
            }
            // A later program was only given what was left.
            case ProcessEnd.TimedOut _ -> new Outcome.TimedOut(deadline, data);
            case ProcessEnd.Stopped() -> new Outcome.Cancelled(data);
            case ProcessEnd.InputFailed(Refused why) ->
                new Outcome.Failed(why.type(), "the input ended early: " + ResultJson.message(why), data);
            case ProcessEnd.InputFailed(Throwable why) ->
                new Outcome.Failed("input-failed", "the input ended early: " + why.getMessage(), data);
        };
    }

    /** For the journal: which program it was, shortened, and how it ended. */
    private static ObjectNode ranProgram(List<String> argv, FencedResult result) {
        var json = ResultJson.object();
        var words = json.putArray("argv");
        int leftOut = Math.max(0, argv.size() - MOST_WORDS);
        for (int i = 0; i < argv.size(); i++) {
            // What a program does stands at the end more often than at the beginning.
            if (i < 1 || i > leftOut) {
                words.add(shortened(argv.get(i)));
            }
        }
        if (leftOut > 0) {
            json.put("words_left_out", leftOut);
        }
        switch (result.end()) {
            case ProcessEnd.Exited(int code) -> json.put("exit_code", code);
            case ProcessEnd.Signalled(int signal) -> json.put("signal", signal);
            case ProcessEnd.TimedOut _ -> json.put("ended_by", "deadline");
            case ProcessEnd.Stopped() -> json.put("ended_by", "cancellation");
            case ProcessEnd.InputFailed _ -> json.put("ended_by", "input");
        }
        return json.put("wall_ms", result.usage().wall().toMillis());
    }

    private static String shortened(String word) {
        return word.length() <= LONGEST_WORD
                ? word
                : word.substring(0, word.offsetByCodePoints(0, word.codePointCount(0, LONGEST_WORD))) + "…";
    }

    private ObjectNode data(FencedResult result, TextOutput output) {
        var data = ResultJson.object();
        output.show(data);
        data.set("usage", ResultJson.usage(result.usage()));
        result.network().ifPresent(network -> data.set("network", ResultJson.network(network)));
        var limits = new ArrayList<LimitHit>(result.limitsHit());
        if (result.end() instanceof ProcessEnd.TimedOut(var left) && !left.equals(deadline)) {
            // The fence knows the limit of the one program; the profile's is for all of them.
            invocation
                    .timeLimitHit(deadline, Duration.ofNanos(System.nanoTime() - begun))
                    .ifPresent(limits::add);
        }
        limits.addAll(output.cut());
        ResultJson.limitsHit(data, limits);
        data.set("fence", ResultJson.report(result.report()));
        return data;
    }
}
