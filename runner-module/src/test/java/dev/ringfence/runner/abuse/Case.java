package dev.ringfence.runner.abuse;

import dev.ringfence.catalog.SandboxProfile;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * One hostile program and what must come of it, beside what must hold for all of them.
 *
 * @param name what is said of it in test reports
 * @param program which of the hostile programs
 * @param arguments its arguments, beside the service's process id
 * @param breaks whether attempts may succeed, for the control that they would without the fence
 */
record Case(
        String name,
        String program,
        Function<Surroundings, List<String>> arguments,
        Function<Surroundings, SandboxProfile> profile,
        Duration deadline,
        boolean breaks,
        Consumer<Attack> expectation) {
    private static final Duration ENOUGH = Duration.ofSeconds(60);

    static Case of(String name, String program, Consumer<Attack> expectation, String... arguments) {
        return new Case(name, program, _ -> List.of(arguments), _ -> Shape.ordinary(), ENOUGH, false, expectation);
    }

    Case with(Function<Surroundings, List<String>> others) {
        return new Case(name, program, others, profile, deadline, breaks, expectation);
    }

    Case in(SandboxProfile other) {
        return new Case(name, program, arguments, _ -> other, deadline, breaks, expectation);
    }

    Case in(Function<Surroundings, SandboxProfile> other) {
        return new Case(name, program, arguments, other, deadline, breaks, expectation);
    }

    Case until(Duration other) {
        return new Case(name, program, arguments, profile, other, breaks, expectation);
    }

    Case mayBreak() {
        return new Case(name, program, arguments, profile, deadline, true, expectation);
    }
}
