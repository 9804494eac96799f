package dev.ringfence.api.cli;

import dev.ringfence.api.Ringfence;
import dev.ringfence.api.RingfenceProducer;
import dev.ringfence.api.job.AdmissionException;
import dev.ringfence.api.job.Job;
import dev.ringfence.api.rest.JobJson;
import dev.ringfence.api.rest.Problems;
import dev.ringfence.api.rest.SubmitRequest;
import dev.ringfence.wal.journal.JournalException;
import dev.ringfence.wal.log.LogException;
import io.quarkus.runtime.QuarkusApplication;
import java.nio.charset.StandardCharsets;

/** One job in this process: the service is open, and nobody can reach it. */
public final class RunApplication implements QuarkusApplication {
    private final RingfenceProducer producer;

    RunApplication(RingfenceProducer producer) {
        this.producer = producer;
    }

    @Override
    public int run(String... args) {
        if (isEnding()) {
            System.err.println("ringfence: ended by a signal before the job began");
            return ExitCodes.FAILED;
        }
        boolean json = Boolean.parseBoolean(args[1]);
        var service = producer.ready().orElseThrow();
        try {
            var job = submit(service, args[0]);
            var text = JobText.ofProcess();
            if (!json) {
                job.news(0).subscribe().asIterable().forEach(item -> text.heard(JobJson.name(item), JobJson.of(item)));
            }
            var ended = JobJson.of(job.ended().await().indefinitely());
            if (json) {
                System.out.println(ended);
            } else {
                text.end(ended);
            }
            return JobText.exitCode(ended);
        } catch (AdmissionException | JournalException | LogException e) {
            // Ends as a command does that a service refuses so.
            System.err.println("ringfence: " + e.getMessage());
            return ExitCodes.refused(Problems.status(e));
        }
    }

    /**
     * Whether a signal ends this process already. One that came while the service was opened did not stop it; from now on
     * it does, and closes the service with its job.
     */
    private static boolean isEnding() {
        try {
            // Removes nothing: it was never added. There is no other way to ask.
            Runtime.getRuntime().removeShutdownHook(new Thread(() -> {}));
            return false;
        } catch (IllegalStateException e) {
            return true;
        }
    }

    private static Job submit(Ringfence service, String request) {
        return service.jobs()
                .submit(SubmitRequest.local(request.getBytes(StandardCharsets.UTF_8)))
                .await()
                .indefinitely();
    }
}
