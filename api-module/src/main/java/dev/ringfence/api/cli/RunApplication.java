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
        boolean json = Boolean.parseBoolean(args[1]);
        var service = producer.ready().orElseThrow();
        try {
            var job = submit(service, args[0]);
            var text = new JobText(System.out, System.err);
            if (!json) {
                job.signals(0)
                        .subscribe()
                        .asIterable()
                        .forEach(signal -> text.heard(JobJson.name(signal), JobJson.of(signal)));
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

    private static Job submit(Ringfence service, String request) {
        return service.jobs()
                .submit(SubmitRequest.local(request.getBytes(StandardCharsets.UTF_8)))
                .await()
                .indefinitely();
    }
}
