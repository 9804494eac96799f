package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.fence.FenceException;
import dev.ringfence.runner.files.FileRoot;
import dev.ringfence.runner.files.Refused;
import dev.ringfence.runner.process.ProgramInput;
import java.time.Duration;
import java.util.List;

/** What programs in fences would be, without starting one. */
final class Rehearsal {
    private Rehearsal() {}

    /** The programs of a job, their places, and what the fence would enforce; or why there would be none. */
    static Outcome of(
            FenceTools tools,
            Invocation invocation,
            Duration deadline,
            List<FileRoot> roots,
            List<FencedScript.Step> steps) {
        try {
            var data = ResultJson.object();
            data.put("message", "it would run %d program(s) in a fence".formatted(steps.size()));
            var programs = data.putArray("programs");
            steps.forEach(step -> programs.add(program(step)));
            tools.places().ifPresent(places -> data.setAll(places.show(invocation, roots)));
            data.put("deadline_ms", invocation.limit(deadline).toMillis());
            tools.fences()
                    .rehearse(invocation.profile())
                    .ifPresent(report -> data.set("fence", ResultJson.report(report)));
            return new Outcome.Completed(data);
        } catch (FenceException e) {
            return ResultJson.failed(e);
        } catch (Refused e) {
            return ResultJson.failed(e);
        }
    }

    private static ObjectNode program(FencedScript.Step step) {
        var json = ResultJson.object();
        step.argv().forEach(json.putArray("argv")::add);
        var environment = json.putObject("environment");
        step.environment().keySet().stream()
                .sorted()
                .forEach(name -> environment.put(name, step.environment().get(name)));
        return switch (step.input()) {
            case ProgramInput.Bytes(byte[] bytes) -> json.put("input_bytes", bytes.length);
            case ProgramInput.Pieces _ -> json.put("input_streamed", true);
        };
    }
}
