package dev.ringfence.runner.engine;

import dev.ringfence.runner.fence.FenceReport;
import dev.ringfence.runner.fence.FencedProcess;
import dev.ringfence.runner.fence.FencedResult;
import dev.ringfence.runner.process.OutputListener;
import dev.ringfence.runner.process.ProcessEnd;
import dev.ringfence.runner.process.Stream;
import io.smallrye.mutiny.Uni;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;

/** A program without a process that writes for ever, as long as somebody reads it, and ends only when it is stopped. */
final class ScriptedProgram implements FencedProcess {
    private static final byte[] PIECE = "words ".repeat(1000).getBytes(StandardCharsets.US_ASCII);

    private final OutputListener listener;
    private final Semaphore look = new Semaphore(0);
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final CompletableFuture<FencedResult> result = new CompletableFuture<>();

    ScriptedProgram(OutputListener listener) {
        this(listener, true);
    }

    private ScriptedProgram(OutputListener listener, boolean writes) {
        this.listener = listener;
        listener.starting(this::stop);
        if (writes) {
            Thread.ofVirtual().name("scripted-program").start(this::write);
        }
    }

    /** One that has written this, and has given up. */
    static ScriptedProgram over(OutputListener listener, String log) {
        var program = new ScriptedProgram(listener, false);
        listener.wrote(Stream.STDERR, log.getBytes(StandardCharsets.UTF_8));
        program.result.complete(ScriptedEngine.ended(new ProcessEnd.Exited(1)));
        return program;
    }

    private void write() {
        listener.attached(look::release);
        while (stopped.getCount() > 0) {
            if (listener.wantsMore()) {
                listener.wrote(Stream.STDOUT, PIECE.clone());
            } else {
                look.acquireUninterruptibly();
            }
        }
        result.complete(ScriptedEngine.ended(new ProcessEnd.Stopped()));
    }

    boolean stopped() {
        return stopped.getCount() == 0;
    }

    boolean ended() {
        return result.isDone();
    }

    @Override
    public void stop() {
        stopped.countDown();
        look.release();
    }

    @Override
    public Uni<FencedResult> result() {
        return Uni.createFrom().completionStage(() -> result.copy());
    }

    @Override
    public long pid() {
        return 1;
    }

    @Override
    public boolean owns(int pid) {
        return false;
    }

    @Override
    public Path temporary() {
        return Path.of("/");
    }

    @Override
    public FenceReport report() {
        return new FenceReport("none", List.of());
    }

    @Override
    public long peakMemoryBytes() {
        return 0;
    }
}
