package dev.ringfence.runner.fence.egress;

/**
 * A destination that a job asked for and did not get.
 *
 * @param destination as it was asked for, such as {@code example.org:443}
 * @param reason why not, and what an operator could do
 */
public record Refusal(String destination, String reason) {}
