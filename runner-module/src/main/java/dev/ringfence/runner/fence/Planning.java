package dev.ringfence.runner.fence;

import dev.ringfence.catalog.SandboxProfile;
import dev.ringfence.runner.fence.FenceReport.Entry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What one plan is made from, and the report that grows with it. Used by one thread. */
final class Planning {
    private final Host host;
    private final FencedCommand command;
    private final List<Entry> entries = new ArrayList<>();

    Planning(Host host, FencedCommand command) {
        this.host = host;
        this.command = command;
    }

    Host host() {
        return host;
    }

    FencedCommand command() {
        return command;
    }

    SandboxProfile profile() {
        return command.profile();
    }

    List<Entry> entries() {
        return entries;
    }

    void entry(String field, Object asked, String means, String value) {
        entries.add(new Entry(field, asked.toString(), means, value));
    }

    /** What the profile, and the runner itself, let the program read beside the system. */
    Set<Path> readable() {
        var readable = new LinkedHashSet<>(command.readOnly());
        profile()
                .filesystem()
                .readPaths()
                .forEach(pattern -> readable.addAll(PathRules.expand("filesystem.read_paths", pattern)));
        return readable;
    }

    /** What is there now of what the profile denies. */
    Set<Path> denied() {
        var denied = new LinkedHashSet<Path>();
        for (var pattern : profile().filesystem().deniedPaths()) {
            for (var path : PathRules.expand("filesystem.denied_paths", pattern)) {
                // Needed inside by the runner itself: hiding it would only fail in a stranger way later.
                if (command.readOnly().stream().anyMatch(needed -> needed.startsWith(path))) {
                    throw new FenceException.Refused(
                            "filesystem.denied_paths", path + " is denied, and the job needs what is below it");
                }
                denied.add(path);
            }
        }
        return denied;
    }
}
