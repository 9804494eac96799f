package dev.ringfence.catalog;

import dev.ringfence.catalog.SandboxProfile.Destination;
import dev.ringfence.catalog.SandboxProfile.Filesystem;
import dev.ringfence.catalog.SandboxProfile.GpuAccess;
import dev.ringfence.catalog.SandboxProfile.Network;
import dev.ringfence.catalog.SandboxProfile.NetworkAccess;
import dev.ringfence.catalog.SandboxProfile.ProcessLimits;
import dev.ringfence.catalog.SandboxProfile.Resources;
import dev.ringfence.catalog.SandboxProfile.Security;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads one {@code [slm.sandbox_profiles.NAME]}; what it leaves out is taken over from a built-in profile. */
final class ProfileReader {
    static final int MOST_CORES = 4096;
    static final long MOST_MEGABYTES = 1L << 30;
    private static final int MOST_CHILDREN = 1_000_000;
    private static final long MOST_SECONDS = 365L * 24 * 60 * 60;
    private static final int MOST_PATH = 4096;
    private static final int MOST_HOST = 253;
    private static final Set<String> PROTOCOLS = new LinkedHashSet<>(List.of("tcp", "udp", "http", "https"));
    private static final Map<String, NetworkAccess> ACCESS_MODES = accessModes();

    private ProfileReader() {}

    static SandboxProfile read(String name, TomlTable profile) {
        var defaults = BuiltInProfiles.defaultsFor(name);
        try (profile) {
            return new SandboxProfile(
                    name,
                    profile.table("resources")
                            .map(table -> resources(table, defaults.resources()))
                            .orElse(defaults.resources()),
                    profile.table("filesystem")
                            .map(table -> filesystem(table, defaults.filesystem()))
                            .orElse(defaults.filesystem()),
                    profile.table("process_limits")
                            .map(table -> processLimits(table, defaults.processLimits()))
                            .orElse(defaults.processLimits()),
                    profile.table("network")
                            .map(table -> network(table, defaults.network()))
                            .orElse(defaults.network()),
                    profile.table("security")
                            .map(table -> security(table, defaults.security()))
                            .orElse(defaults.security()),
                    tier(profile));
        }
    }

    private static Optional<FenceTier> tier(TomlTable profile) {
        var name = profile.text("tier");
        var tier = name.flatMap(FenceTier::named);
        if (name.isPresent() && tier.isEmpty()) {
            profile.problem(
                    "tier",
                    "must be one of " + Suggestion.list(FenceTier.names())
                            + Suggestion.nearest(name.get(), FenceTier.names())
                                    .map(near -> "; did you mean " + near + "?")
                                    .orElse(""));
        }
        return tier;
    }

    /** A size in megabytes of 2^20 bytes. */
    static Optional<DataSize> size(TomlTable table, String key, long least) {
        var megabytes = table.whole(key, least, MOST_MEGABYTES);
        return megabytes.isPresent() ? Optional.of(DataSize.ofMegabytes(megabytes.getAsLong())) : Optional.empty();
    }

    private static Resources resources(TomlTable table, Resources defaults) {
        try (table) {
            return new Resources(
                    size(table, "max_memory_mb", 1).orElse(defaults.maxMemory()),
                    table.positive("max_cpu_cores", MOST_CORES).orElse(defaults.maxCores()),
                    size(table, "max_disk_mb", 0).orElse(defaults.maxDisk()),
                    table.has("gpu_access") ? gpu(table) : defaults.gpu(),
                    table.whole("max_io_bandwidth_mbps", 0, MOST_MEGABYTES).orElse(defaults.maxIoMegabytesPerSecond()));
        }
    }

    private static GpuAccess gpu(TomlTable resources) {
        var value = resources.raw("gpu_access");
        if (value != null && value.isTextual() && value.textValue().equals("None")) {
            return new GpuAccess.None();
        }
        if (value != null && value.isTextual() && value.textValue().equals("Exclusive")) {
            return new GpuAccess.Exclusive();
        }
        if (value == null || !value.isObject()) {
            resources.problem("gpu_access", "must be \"None\", \"Exclusive\" or { Shared = { max_memory_mb = … } }");
            return new GpuAccess.None();
        }
        try (var choice = resources.table("gpu_access").orElseThrow()) {
            if (!choice.has("Shared")) {
                resources.problem("gpu_access", "the table must hold Shared = { max_memory_mb = … }");
            }
            var shared = choice.table("Shared");
            return shared.<GpuAccess>map(ProfileReader::sharedGpu).orElseGet(GpuAccess.None::new);
        }
    }

    private static GpuAccess sharedGpu(TomlTable shared) {
        try (shared) {
            if (!shared.has("max_memory_mb")) {
                shared.problem("max_memory_mb", "is missing; say how much of the accelerator's memory a job may use");
            }
            return new GpuAccess.Shared(size(shared, "max_memory_mb", 1).orElse(new DataSize(0)));
        }
    }

    private static Filesystem filesystem(TomlTable table, Filesystem defaults) {
        try (table) {
            return new Filesystem(
                    paths(table, "read_paths", defaults.readPaths()),
                    paths(table, "write_paths", defaults.writePaths()),
                    paths(table, "denied_paths", defaults.deniedPaths()),
                    table.flag("allow_temp_files").orElse(defaults.allowTempFiles()),
                    size(table, "max_file_size_mb", 0).orElse(defaults.maxFileSize()));
        }
    }

    private static List<String> paths(TomlTable table, String key, List<String> defaults) {
        var paths = table.texts(key);
        if (paths.isEmpty()) {
            return defaults;
        }
        for (int i = 0; i < paths.get().size(); i++) {
            var path = paths.get().get(i);
            var wrong = wrongWithPath(path);
            if (!wrong.isEmpty() && table.isText(key, i)) {
                table.problems().add(table.name(key) + "[" + i + "]", path, wrong);
            }
        }
        return paths.get();
    }

    private static String wrongWithPath(String path) {
        if (path.isEmpty()) {
            return "a path cannot be empty; remove it or name a file or directory";
        }
        if (path.chars().anyMatch(Character::isISOControl)) {
            return "a path cannot hold control characters";
        }
        if (!path.startsWith("/")) {
            return "must be an absolute path, so that it means the same wherever the service was started";
        }
        if (List.of(path.split("/")).contains("..")) {
            return "cannot hold '..'; write the path it leads to";
        }
        return path.length() > MOST_PATH ? "is longer than " + MOST_PATH + " characters" : "";
    }

    private static ProcessLimits processLimits(TomlTable table, ProcessLimits defaults) {
        try (table) {
            return new ProcessLimits(
                    (int) table.whole("max_child_processes", 0, MOST_CHILDREN).orElse(defaults.maxChildProcesses()),
                    Duration.ofSeconds(table.whole("max_execution_time_seconds", 1, MOST_SECONDS)
                            .orElse(defaults.maxExecutionTime().toSeconds())),
                    syscalls(table, defaults.allowedSyscalls()),
                    (int) table.whole("process_priority", -20, 19).orElse(defaults.priority()));
        }
    }

    /** Only the form; which names exist depends on the processor, so the runner checks that. */
    private static Set<String> syscalls(TomlTable table, Set<String> defaults) {
        var names = table.texts("allowed_syscalls");
        if (names.isEmpty()) {
            return defaults;
        }
        boolean readable = true;
        for (int i = 0; i < names.get().size(); i++) {
            boolean wellFormed = names.get().get(i).matches("[a-z0-9_]{1,64}");
            readable &= wellFormed;
            if (!wellFormed && table.isText("allowed_syscalls", i)) {
                table.problems()
                        .add(
                                table.name("allowed_syscalls") + "[" + i + "]",
                                names.get().get(i),
                                "is no system call; write its name in lower case, such as openat");
            }
        }
        // Of a list that cannot be read nothing more is said.
        return readable ? Set.copyOf(names.get()) : defaults;
    }

    private static Network network(TomlTable table, Network defaults) {
        try (table) {
            return new Network(
                    table.has("access_mode") ? accessMode(table) : defaults.access(),
                    table.has("allowed_destinations") ? destinations(table) : defaults.allowedDestinations(),
                    table.whole("max_bandwidth_mbps", 0, MOST_MEGABYTES).orElse(defaults.maxMegabitsPerSecond()));
        }
    }

    private static NetworkAccess accessMode(TomlTable table) {
        var mode = table.text("access_mode");
        if (mode.isEmpty()) {
            return NetworkAccess.NONE;
        }
        var access = ACCESS_MODES.get(mode.get());
        if (access == null) {
            table.problem("access_mode", "must be one of " + Suggestion.list(ACCESS_MODES.keySet()));
            return NetworkAccess.NONE;
        }
        return access;
    }

    private static List<Destination> destinations(TomlTable table) {
        var destinations = new ArrayList<Destination>();
        for (var destination : table.tables("allowed_destinations")) {
            try (destination) {
                destinations.add(destination(destination));
            }
        }
        return destinations;
    }

    private static Destination destination(TomlTable table) {
        for (var key : List.of("host", "port")) {
            if (!table.has(key)) {
                table.problem(key, "is missing; a destination has a host and a port");
            }
        }
        var host = table.text("host").orElse("");
        if (table.has("host") && !host.matches("[^\\s\\p{Cntrl}/@]{1," + MOST_HOST + "}")) {
            table.problem("host", "must be a host name or address alone, without scheme, user or path");
        }
        var port = (int) table.whole("port", 1, 65_535).orElse(0);
        var protocol = table.text("protocol").orElse("tcp").toLowerCase(Locale.ROOT);
        if (!PROTOCOLS.contains(protocol)) {
            table.problem("protocol", "must be one of " + Suggestion.list(PROTOCOLS));
        }
        return new Destination(host, port, protocol);
    }

    private static Security security(TomlTable table, Security defaults) {
        try (table) {
            return new Security(
                    table.flag("strict_syscall_filtering").orElse(defaults.strictSyscallFiltering()),
                    table.flag("disable_debugging").orElse(defaults.disableDebugging()),
                    table.flag("enable_audit_logging").orElse(defaults.enableAuditLogging()),
                    table.flag("require_encryption").orElse(defaults.requireEncryption()));
        }
    }

    private static Map<String, NetworkAccess> accessModes() {
        var modes = new LinkedHashMap<String, NetworkAccess>();
        modes.put("None", NetworkAccess.NONE);
        modes.put("Restricted", NetworkAccess.RESTRICTED);
        modes.put("Full", NetworkAccess.FULL);
        return modes;
    }
}
