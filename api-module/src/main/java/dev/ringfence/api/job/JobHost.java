package dev.ringfence.api.job;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ringfence.runner.telemetry.Guard;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The host, as jobs see it.
 *
 * @param refusal why no new job may come in now, if none may
 * @param telemetry the host's load at this moment, for results; empty when results do not have it
 */
public record JobHost(Supplier<Optional<Guard.Refusal>> refusal, Supplier<Optional<ObjectNode>> telemetry) {}
