package dev.ringfence.runner.fence;

import dev.ringfence.runner.process.ProcessEntry;
import java.util.List;

/**
 * The processes in a fence at one moment.
 *
 * @param name the command's, as {@link FencedCommand} has it
 */
public record FencedTree(String name, List<ProcessEntry> processes) {
    public FencedTree {
        processes = List.copyOf(processes);
    }
}
