package dev.ringfence.runner.files;

/** Where long work asks, often, whether it may go on. */
@FunctionalInterface
public interface Checkpoint {
    /** Throws, to end the work, when its job was cancelled or its deadline has passed. */
    void pass();
}
