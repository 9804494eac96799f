package dev.ringfence.runner.fence;

/** The keys of a profile, as reports, refusals and limits that were hit name them. */
final class ProfileKeys {
    static final String GPU_ACCESS = "resources.gpu_access";
    static final String MAX_CPU_CORES = "resources.max_cpu_cores";
    static final String MAX_DISK = "resources.max_disk_mb";
    static final String MAX_IO_BANDWIDTH = "resources.max_io_bandwidth_mbps";
    static final String MAX_MEMORY = "resources.max_memory_mb";

    static final String ALLOW_TEMP_FILES = "filesystem.allow_temp_files";
    static final String DENIED_PATHS = "filesystem.denied_paths";
    static final String MAX_FILE_SIZE = "filesystem.max_file_size_mb";
    static final String READ_PATHS = "filesystem.read_paths";
    static final String WRITE_PATHS = "filesystem.write_paths";

    static final String ACCESS_MODE = "network.access_mode";
    static final String ALLOWED_DESTINATIONS = "network.allowed_destinations";
    static final String MAX_BANDWIDTH = "network.max_bandwidth_mbps";

    static final String ALLOWED_SYSCALLS = "process_limits.allowed_syscalls";
    static final String MAX_CHILD_PROCESSES = "process_limits.max_child_processes";
    static final String MAX_EXECUTION_TIME = "process_limits.max_execution_time_seconds";
    static final String PRIORITY = "process_limits.process_priority";

    static final String DISABLE_DEBUGGING = "security.disable_debugging";
    static final String ENABLE_AUDIT_LOGGING = "security.enable_audit_logging";
    static final String REQUIRE_ENCRYPTION = "security.require_encryption";
    static final String STRICT_SYSCALL_FILTERING = "security.strict_syscall_filtering";

    private ProfileKeys() {}
}
