package dev.ringfence.runner.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Predicate;

/** What several processes show together of what they use; asked of each as its own user where the service may not. */
public final class ProcessReadings {
    private ProcessReadings() {}

    /**
     * What each process of a job, with the children it has waited for, read from and wrote to block devices.
     *
     * @param user whose they are, if that is not the service's
     * @return bytes; empty when a process hides them
     */
    public static Optional<Map<ProcessEntry, Long>> blockBytes(List<ProcessEntry> members, OptionalInt user) {
        var bytes = new HashMap<ProcessEntry, Long>();
        boolean all = readAll(members, user, member -> {
            var moved = member.blockBytes();
            moved.ifPresent(count -> bytes.put(member, count));
            return moved.isPresent();
        });
        return all ? Optional.of(bytes) : Optional.empty();
    }

    /**
     * What the processes of a job hold.
     *
     * @param user whose they are, if that is not the service's
     * @return empty when a process hides it
     */
    public static Optional<HeldFiles> held(List<ProcessEntry> members, OptionalInt user) {
        var held = new HeldFiles();
        // Nobody knows which of them a look gets to before its time is up.
        var shuffled = new ArrayList<>(members);
        Collections.shuffle(shuffled);
        return readAll(shuffled, user, held::add) ? Optional.of(held) : Optional.empty();
    }

    /** Asks each for something, as its user where the service may not; false when one of them hides it. */
    private static boolean readAll(List<ProcessEntry> members, OptionalInt user, Predicate<ProcessEntry> read) {
        var closed = new ArrayList<>(members);
        closed.removeIf(read);
        if (!closed.isEmpty()) {
            UserThread.run(user, () -> closed.removeIf(read));
        }
        // Not readable is also what has just ended.
        closed.removeIf(member ->
                ProcessEntry.of(member.pid()).filter(entry -> !entry.zombie()).isEmpty());
        return closed.isEmpty();
    }

    /** How many processes and threads the service's user has now, those of the service included. */
    public static long tasksOfThisUser() {
        var own = Path.of("/proc/self");
        long tasks = 0;
        try (var entries = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            var user = Files.getAttribute(own, "unix:uid");
            for (var entry : entries) {
                try {
                    if (user.equals(Files.getAttribute(entry, "unix:uid"))) {
                        tasks += ProcessEntry.of(
                                        Integer.parseInt(entry.getFileName().toString()))
                                .map(ProcessEntry::threads)
                                .orElse(0);
                    }
                } catch (IOException e) {
                    // It has ended meanwhile.
                }
            }
        } catch (IOException e) {
            throw new ProcessException("the processes could not be listed", e);
        }
        return tasks;
    }
}
