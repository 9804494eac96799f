package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.fence.FenceException;
import dev.ringfence.runner.fence.FencedCommand;
import dev.ringfence.runner.fence.FencedProcess;
import dev.ringfence.runner.fence.FencedResult;
import dev.ringfence.runner.fence.LimitHit;
import dev.ringfence.runner.process.OutputListener;
import dev.ringfence.runner.process.ProcessEnd;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiFunction;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * One program in its fence as a job's work. Building the fence blocks for milliseconds, so that has a virtual thread of
 * its own; a cancellation that comes meanwhile reaches the program as soon as it runs, or keeps it from starting.
 */
final class FencedExecution implements Execution {
    private static final Logger LOG = Logger.getLogger(FencedExecution.class);

    private final CompletableFuture<Outcome> outcome = new CompletableFuture<>();
    private final CompletableFuture<FencedProcess> started = new CompletableFuture<>();
    private final AtomicBoolean cancelled = new AtomicBoolean();

    private FencedExecution() {}

    static Execution start(
            BiFunction<FencedCommand, OutputListener, FencedProcess> fence, FencedCommand command, TextOutput output) {
        var execution = new FencedExecution();
        Thread.ofVirtual().name("fence-" + command.name()).start(() -> execution.run(fence, command, output));
        return execution;
    }

    /** What a job's fence is called; ids of other forms are made to fit. */
    static String fenceName(String jobId) {
        var name = jobId.replaceAll("[^A-Za-z0-9.-]", "-");
        return name.length() <= 80 ? name : name.substring(0, 80);
    }

    @Override
    public Uni<Outcome> outcome() {
        // A copy, so that cancelling the subscription does not complete the original.
        return Uni.createFrom().completionStage(() -> outcome.copy());
    }

    @Override
    public void cancel() {
        cancelled.set(true);
        started.thenAccept(FencedProcess::stop).exceptionally(neverStarted -> null);
    }

    private void run(
            BiFunction<FencedCommand, OutputListener, FencedProcess> fence, FencedCommand command, TextOutput output) {
        if (cancelled.get()) {
            outcome.complete(new Outcome.Cancelled(FenceJson.object()));
            return;
        }
        try {
            var process = fence.apply(command, output);
            started.complete(process);
            var _ = process.result()
                    .subscribeAsCompletionStage()
                    .whenComplete((result, failure) -> finish(output, result, failure));
        } catch (RuntimeException | Error e) {
            output.giveUp();
            started.completeExceptionally(e);
            outcome.complete(failed(e));
        }
    }

    private void finish(TextOutput output, @Nullable FencedResult result, @Nullable Throwable failure) {
        try {
            output.end();
            if (result == null) {
                output.giveUp();
                outcome.complete(failed(failure));
            } else {
                outcome.complete(outcomeOf(result, output));
            }
        } catch (RuntimeException | Error e) {
            outcome.complete(failed(e));
        }
    }

    private static Outcome failed(@Nullable Throwable failure) {
        if (failure instanceof FenceException error) {
            return FenceJson.failed(error);
        }
        LOG.error("A job failed for a reason that is none of its own", failure);
        return new Outcome.Failed("internal", "the service failed; its log says why", FenceJson.object());
    }

    private static Outcome outcomeOf(FencedResult result, TextOutput output) {
        var data = data(result, output);
        return switch (result.end()) {
            case ProcessEnd.Exited(int code) -> {
                data.put("success", code == 0);
                data.put("exit_code", code);
                yield new Outcome.Completed(data);
            }
            case ProcessEnd.Signalled(int signal) -> {
                data.put("success", false);
                data.put("exit_code", 128 + signal);
                data.put("signal", signal);
                yield new Outcome.Completed(data);
            }
            case ProcessEnd.TimedOut(Duration limit) -> new Outcome.TimedOut(limit, data);
            case ProcessEnd.Stopped() -> new Outcome.Cancelled(data);
        };
    }

    private static ObjectNode data(FencedResult result, TextOutput output) {
        var data = FenceJson.object();
        output.show(data);
        data.set("usage", FenceJson.usage(result.usage()));
        result.network().ifPresent(network -> data.set("network", FenceJson.network(network)));
        var limits = new ArrayList<LimitHit>(result.limitsHit());
        limits.addAll(output.cut());
        FenceJson.limitsHit(data, limits);
        data.set("fence", FenceJson.report(result.report()));
        return data;
    }
}
