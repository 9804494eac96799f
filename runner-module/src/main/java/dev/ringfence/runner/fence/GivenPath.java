package dev.ringfence.runner.fence;

import java.nio.file.Path;

/**
 * A path that a profile names and the host has.
 *
 * @param path where the profile says it is, and where a job finds it
 * @param real the same without links
 */
record GivenPath(Path path, Path real) {}
