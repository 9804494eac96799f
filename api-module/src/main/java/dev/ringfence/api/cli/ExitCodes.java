package dev.ringfence.api.cli;

/** What the program ends with; those of sysexits(3) where one fits. */
final class ExitCodes {
    static final int FAILED = 1;
    static final int UNAVAILABLE = 69;
    static final int INTERNAL = 70;
    static final int TRY_LATER = 75;
    static final int NO_PERMISSION = 77;
    static final int CONFIGURATION = 78;

    private ExitCodes() {}

    /** For what the service refuses, by the status of its answer. */
    static int refused(int status) {
        return switch (status) {
            case 401, 403 -> NO_PERMISSION;
            case 429, 503, 507 -> TRY_LATER;
            default -> FAILED;
        };
    }
}
