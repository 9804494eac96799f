package dev.ringfence.api;

import dev.ringfence.runner.fence.FenceSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.eclipse.microprofile.config.Config;

/**
 * Which values settings can have, all in one place: a value that could never work stops the start, and does not wait for
 * the job that comes across it.
 */
final class SettingRanges {
    private static final Duration NO_TIME = Duration.ZERO;
    private static final Duration MOMENT = Duration.ofMillis(1);
    private static final Duration HOUR = Duration.ofHours(1);
    private static final Duration DAY = Duration.ofDays(1);
    private static final Duration CENTURY = Duration.ofDays(36_500);

    /** Two segments of the log. */
    private static final long SMALLEST_JOURNAL = 64L << 20;

    private static final int SMALLEST_BODY = 1 << 10;

    /** The journal keeps a request in one event. */
    private static final int LARGEST_BODY = 15 << 20;

    /** Each job that is kept in memory may have as much. */
    private static final int LARGEST_EVENT_BUFFER = 64 << 20;

    private static final Pattern SWITCH = Pattern.compile("true|yes|y|on|1|false|no|n|off|0", Pattern.CASE_INSENSITIVE);

    private static final int LARGEST_PORT = 65_535;

    /** Users below belong to the system. */
    private static final int SMALLEST_USER = 1000;

    private final List<String> problems = new ArrayList<>();

    private SettingRanges() {}

    /**
     * Looks at all of them.
     *
     * @throws StartupFailure naming each that cannot be, its value and what is possible
     */
    static void require(RingfenceConfig config) {
        var ranges = new SettingRanges();
        ranges.time("drain-timeout", config.drainTimeout(), NO_TIME, DAY);
        ranges.jobs(config.jobs());
        ranges.guard(config.guard());
        ranges.fence(config.fence());
        ranges.time("files.backups-kept", config.files().backupsKept(), NO_TIME, CENTURY);
        ranges.atLeast("files.backups-bytes", config.files().backupsBytes(), 0);
        ranges.artifacts(config.artifacts());
        ranges.engines(config.engines());
        ranges.journal(config.journal());
        ranges.atLeast("sessions.per-agent", config.sessions().perAgent(), 1);
        ranges.webhooks(config.webhooks());
        ranges.time("http.heartbeat", config.http().heartbeat(), MOMENT, DAY);
        ranges.time("http.stall-limit", config.http().stallLimit(), MOMENT, DAY);
        ranges.within("http.body-limit", config.http().bodyLimit(), SMALLEST_BODY, LARGEST_BODY);
        ranges.time("openai.deadline", config.openai().deadline(), MOMENT, DAY);
        ranges.settle();
    }

    /**
     * Looks at those of fences.
     *
     * @throws StartupFailure naming each that cannot be, its value and what is possible
     */
    static void require(RingfenceConfig.Fences config) {
        var ranges = new SettingRanges();
        ranges.fence(config);
        ranges.settle();
    }

    /**
     * Looks at the port.
     *
     * @throws StartupFailure when it cannot be
     */
    static void requirePort(int port) {
        if (port < 0 || port > LARGEST_PORT) {
            throw new StartupFailure(
                    "quarkus.http.port (--port) is " + port + "; it must be from 0 to " + LARGEST_PORT + ", 0 for any");
        }
    }

    /**
     * Looks at those that are on or off, as the framework takes every other word for off.
     *
     * @throws StartupFailure naming each that is neither, and its value
     */
    static void requireSwitches(Config config) {
        var switches = new ArrayList<Pattern>();
        Settings.listed().forEach((key, usual) -> {
            if (usual.equals("true") || usual.equals("false")) {
                switches.add(Pattern.compile(key.replace(".", "\\.").replace("*", ".+")));
            }
        });
        var ranges = new SettingRanges();
        for (var key : config.getPropertyNames()) {
            if (switches.stream().anyMatch(one -> one.matcher(key).matches())) {
                var value = config.getConfigValue(key).getValue();
                if (value != null && !SWITCH.matcher(value).matches()) {
                    ranges.problems.add(key + " is \"" + value + "\"; it must be true or false");
                }
            }
        }
        ranges.settle();
    }

    private void jobs(RingfenceConfig.Jobs jobs) {
        atLeast("jobs.concurrency", jobs.concurrency(), 1);
        atLeast("jobs.queue", jobs.queue(), 1);
        atLeast("jobs.queue-of-agent", jobs.queueOfAgent(), 1);
        jobs.memoryBudget().ifPresent(budget -> atLeast("jobs.memory-budget", budget.asLongValue(), 1));
        jobs.concurrencyOf().forEach((name, most) -> atLeast("jobs.concurrency-of." + name, most, 1));
        atLeast("jobs.retained", jobs.retained(), 1);
        time("jobs.default-deadline", jobs.defaultDeadline(), MOMENT, DAY);
        within("jobs.event-buffer", jobs.eventBuffer(), 0, LARGEST_EVENT_BUFFER);
    }

    private void guard(RingfenceConfig.Guarding guard) {
        percent("guard.cpu", guard.cpu());
        percent("guard.memory", guard.memory());
        percent("guard.pressure.cpu", guard.pressure().cpu());
        percent("guard.pressure.memory", guard.pressure().memory());
        percent("guard.pressure.io", guard.pressure().io());
        percent("guard.resume", guard.resume());
        atLeast("guard.zombies", guard.zombies(), 0);
        atLeast("guard.disk-free", guard.diskFree().asLongValue(), 0);
    }

    private void fence(RingfenceConfig.Fences fence) {
        // The user behind the range has the agents' workspaces.
        within("fence.first-user", fence.firstUser(), SMALLEST_USER, Integer.MAX_VALUE - FenceSettings.USERS - 1L);
        time("fence.grace", fence.grace(), NO_TIME, HOUR);
    }

    private void artifacts(RingfenceConfig.Artifacts artifacts) {
        atLeast("artifacts.count", artifacts.count(), 0);
        atLeast("artifacts.file-bytes", artifacts.fileBytes(), 0);
        atLeast("artifacts.total-bytes", artifacts.totalBytes(), 0);
        time("artifacts.kept", artifacts.kept(), NO_TIME, CENTURY);
    }

    private void engines(RingfenceConfig.Engines engines) {
        engines.memoryBudget().ifPresent(budget -> atLeast("engines.memory-budget", budget.asLongValue(), 1));
        time("engines.idle-time", engines.idleTime(), NO_TIME, CENTURY);
        time("engines.load-timeout", engines.loadTimeout(), MOMENT, DAY);
        time("engines.step-timeout", engines.stepTimeout(), Duration.ofSeconds(1), DAY);
        atLeast("engines.queue", engines.queue(), 0);
        atLeast("engines.threads", engines.threads(), 0);
    }

    private void journal(RingfenceConfig.JournalKeeping journal) {
        time("journal.retention.age", journal.retention().age(), Duration.ofMinutes(1), CENTURY);
        atLeast("journal.retention.size", journal.retention().size().asLongValue(), SMALLEST_JOURNAL);
        atLeast("journal.snapshot.events", journal.snapshot().events(), 1);
    }

    private void webhooks(RingfenceConfig.Webhooks webhooks) {
        var longest = Duration.ofDays(30);
        time("webhooks.timeout", webhooks.timeout(), MOMENT, HOUR);
        time("webhooks.first-retry", webhooks.firstRetry(), MOMENT, longest);
        time("webhooks.longest-retry", webhooks.longestRetry(), MOMENT, longest);
        time("webhooks.give-up", webhooks.giveUp(), MOMENT, longest);
    }

    private void atLeast(String key, long value, long least) {
        if (value < least) {
            wrong(key, value, "it must be at least " + least);
        }
    }

    private void within(String key, long value, long least, long most) {
        if (value < least || value > most) {
            wrong(key, value, "it must be from " + least + " to " + most);
        }
    }

    private void percent(String key, double value) {
        if (!(value > 0 && value <= 100)) {
            wrong(key, value, "it must be above 0, and 100 percent at most");
        }
    }

    private void time(String key, Duration value, Duration least, Duration most) {
        if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
            wrong(key, text(value), "it must be from " + text(least) + " to " + text(most));
        }
    }

    private void wrong(String key, Object value, String possible) {
        problems.add("ringfence." + key + " is " + value + "; " + possible);
    }

    private void settle() {
        if (!problems.isEmpty()) {
            throw new StartupFailure(String.join("\n", problems));
        }
    }

    /** As settings have it, in the largest unit that fits. */
    private static String text(Duration time) {
        if (time.isZero()) {
            return "0s";
        }
        if (time.equals(Duration.ofDays(time.toDays()))) {
            return time.toDays() + "d";
        }
        if (time.equals(Duration.ofHours(time.toHours()))) {
            return time.toHours() + "h";
        }
        if (time.equals(Duration.ofMinutes(time.toMinutes()))) {
            return time.toMinutes() + "m";
        }
        if (time.equals(Duration.ofSeconds(time.toSeconds()))) {
            return time.toSeconds() + "s";
        }
        return time.equals(Duration.ofMillis(time.toMillis())) ? time.toMillis() + "ms" : time.toString();
    }
}
