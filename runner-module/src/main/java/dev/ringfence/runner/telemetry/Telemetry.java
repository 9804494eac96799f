package dev.ringfence.runner.telemetry;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** The host at one moment. What the kernel does not tell is empty. Immutable. */
public record Telemetry(
        Instant at,
        Processors processors,
        Load load,
        Memory memory,
        Disk disk,
        Pressure cpuPressure,
        Pressure memoryPressure,
        Pressure ioPressure,
        Processes processes,
        List<Accelerator> accelerators) {
    public Telemetry {
        accelerators = List.copyOf(accelerators);
    }

    /**
     * What the processors were busy with.
     *
     * @param count how many there are
     * @param used share of them that was busy, in percent
     * @param others share of them that was busy with others' work than this service's and its jobs', in percent
     * @param over the time that the shares are of
     */
    public record Processors(int count, OptionalDouble used, OptionalDouble others, Duration over) {}

    /** Load averages (proc_loadavg(5)). */
    public record Load(OptionalDouble one, OptionalDouble five, OptionalDouble fifteen) {}

    /**
     * The host's memory.
     *
     * @param total bytes
     * @param available bytes that programs could get without swapping
     * @param limit of the tightest control group around the service
     */
    public record Memory(
            OptionalLong total,
            OptionalLong available,
            OptionalLong swapTotal,
            OptionalLong swapFree,
            Optional<GroupMemory> limit) {
        /** The share in use, of the host's or of the control group's, whichever is higher; in percent. */
        OptionalDouble used() {
            var host = total.isEmpty() || available.isEmpty() || total.getAsLong() == 0
                    ? OptionalDouble.empty()
                    : OptionalDouble.of(100.0 * (total.getAsLong() - available.getAsLong()) / total.getAsLong());
            if (limit.isEmpty()) {
                return host;
            }
            return OptionalDouble.of(Math.max(host.orElse(0), limit.get().share()));
        }
    }

    /**
     * A control group's memory.
     *
     * @param limit bytes
     * @param used bytes, without file pages that are not in use
     */
    public record GroupMemory(long limit, long used) {
        double share() {
            return limit == 0 ? 100 : 100.0 * used / limit;
        }
    }

    /** The file system of the service's data, in bytes. */
    public record Disk(OptionalLong total, OptionalLong free) {
        /** One that does not tell. */
        static final Disk UNKNOWN = new Disk(OptionalLong.empty(), OptionalLong.empty());
    }

    /**
     * The share of time in which work waited for something (kernel documentation, accounting/psi), in percent.
     *
     * @param some10 in which some work waited, of the last ten seconds
     * @param some60 of the last minute
     * @param full10 in which all work waited, of the last ten seconds
     * @param full60 of the last minute
     */
    public record Pressure(
            OptionalDouble some10, OptionalDouble some60, OptionalDouble full10, OptionalDouble full60) {}

    /**
     * A count of all processes that can be seen.
     *
     * @param zombies those that have ended and that nobody waited for, without those of running jobs
     * @param at when they were counted, which takes long and is not done for each reading
     */
    public record Processes(int total, int running, int zombies, Instant at) {}

    /**
     * Something that computes beside the processors.
     *
     * @param name as the kernel calls it
     * @param model its maker's and its own number, or the model's name
     */
    public record Accelerator(
            String name, String model, OptionalLong memoryTotal, OptionalLong memoryUsed, OptionalDouble busy) {}

    /** As the API shows it; fields that are not known are left out. */
    public ObjectNode json() {
        var json = JsonNodeFactory.instance.objectNode().put("at", at.toString());
        var cpu = json.putObject("processors").put("count", processors.count());
        percent(cpu, "used_percent", processors.used());
        percent(cpu, "others_percent", processors.others());
        cpu.put("over_ms", processors.over().toMillis());
        var average = json.putObject("load");
        decimal(average, "1m", load.one());
        decimal(average, "5m", load.five());
        decimal(average, "15m", load.fifteen());
        var room = json.putObject("memory");
        bytes(room, "total_bytes", memory.total());
        bytes(room, "available_bytes", memory.available());
        percent(room, "used_percent", memory.used());
        bytes(room, "swap_total_bytes", memory.swapTotal());
        bytes(room, "swap_free_bytes", memory.swapFree());
        memory.limit()
                .ifPresent(group -> room.put("group_limit_bytes", group.limit()).put("group_used_bytes", group.used()));
        var space = json.putObject("disk");
        bytes(space, "total_bytes", disk.total());
        bytes(space, "free_bytes", disk.free());
        var waiting = json.putObject("pressure");
        pressure(waiting, "cpu", cpuPressure);
        pressure(waiting, "memory", memoryPressure);
        pressure(waiting, "io", ioPressure);
        json.putObject("processes")
                .put("total", processes.total())
                .put("running", processes.running())
                .put("zombies", processes.zombies())
                .put("counted_at", processes.at().toString());
        var array = json.putArray("accelerators");
        for (var accelerator : accelerators) {
            var entry = array.addObject().put("name", accelerator.name()).put("model", accelerator.model());
            bytes(entry, "memory_total_bytes", accelerator.memoryTotal());
            bytes(entry, "memory_used_bytes", accelerator.memoryUsed());
            percent(entry, "busy_percent", accelerator.busy());
        }
        return json;
    }

    private static void pressure(ObjectNode json, String name, Pressure pressure) {
        if (pressure.some10().isPresent()) {
            var entry = json.putObject(name);
            decimal(entry, "some_avg10", pressure.some10());
            decimal(entry, "some_avg60", pressure.some60());
            decimal(entry, "full_avg10", pressure.full10());
            decimal(entry, "full_avg60", pressure.full60());
        }
    }

    private static void percent(ObjectNode json, String field, OptionalDouble value) {
        value.ifPresent(number -> json.put(field, rounded(number, 1)));
    }

    private static void decimal(ObjectNode json, String field, OptionalDouble value) {
        value.ifPresent(number -> json.put(field, rounded(number, 2)));
    }

    private static void bytes(ObjectNode json, String field, OptionalLong value) {
        value.ifPresent(number -> json.put(field, number));
    }

    static BigDecimal rounded(double number, int digits) {
        return BigDecimal.valueOf(number).setScale(digits, RoundingMode.HALF_UP);
    }
}
