package dev.ringfence.runner.process;

import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/**
 * What a job's processes are known by, whatever they do: a value of their RLIMIT_RTTIME, which a child inherits, no
 * program keeps others from seeing, and nobody without privileges can raise. The filters of fences forbid to set it, so
 * neither fork, session, environment nor name takes it away, and no job can take on another's.
 *
 * <p>The limit itself has no effect: it is of processes with real-time scheduling, and some thousand years long.
 *
 * @param value bits 61 and 60 set, 28 bits of the service's instance, 32 bits of the job
 */
public record JobMark(long value) {
    private static final long OURS = 3L << 60;
    private static final long INSTANCE = 0x0FFF_FFFFL << 32;

    /** The mark of a job of a service; numbers count jobs of one life of the service. */
    public static JobMark of(String instance, int number) {
        return new JobMark(common(instance) | (number & 0xFFFF_FFFFL));
    }

    /** Whether a limit's value marks a process of any job of a service, of this life or an earlier one. */
    static boolean marks(String instance, long limit) {
        return (limit & ~0xFFFF_FFFFL) == common(instance);
    }

    /** Whether a limit's value is a mark at all. */
    static boolean isMark(long limit) {
        return limit >>> 60 == 3;
    }

    private static long common(String instance) {
        var hash = new CRC32C();
        hash.update(instance.getBytes(StandardCharsets.UTF_8));
        return OURS | ((hash.getValue() << 32) & INSTANCE);
    }
}
