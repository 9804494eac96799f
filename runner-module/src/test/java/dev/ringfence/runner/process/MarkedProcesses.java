package dev.ringfence.runner.process;

import java.util.List;

/** The host's view of jobs' processes: all that carry a mark of one service, whoever they are and whoever asks. */
public final class MarkedProcesses {
    private MarkedProcesses() {}

    public static List<Long> of(String instance) {
        return ProcessHandle.allProcesses()
                .map(ProcessHandle::pid)
                .filter(pid -> JobMark.marks(instance, ProcessEntry.mark(pid.intValue())))
                .toList();
    }
}
