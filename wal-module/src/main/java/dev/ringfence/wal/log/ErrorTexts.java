package dev.ringfence.wal.log;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.Charset;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Tells errors of the kernel apart by their texts, since Java passes on the text and never the number. The text is the C
 * library's, in the language that the process was started in, so the C library of this process is asked for it.
 *
 * <p>A native image needs the shape of the call declared in {@code META-INF/native-image}, and this class initialised at
 * run time.
 */
final class ErrorTexts {
    static final FunctionDescriptor SHAPE = FunctionDescriptor.of(ADDRESS, JAVA_INT);

    /** ENFILE, EMFILE, ENOSPC and EDQUOT, with the numbers of Linux on x86-64 and aarch64. */
    private static final int[] USED_UP = {23, 24, 28, 122};

    private static final List<String> USED_UP_TEXTS =
            IntStream.of(USED_UP).mapToObj(ErrorTexts::of).toList();

    private ErrorTexts() {}

    /** Has it all at hand from now on: with a full table of open files nothing more may be loaded. */
    static void load() {
        if (USED_UP_TEXTS.size() != USED_UP.length) {
            throw new IllegalStateException("the C library has no text for an error");
        }
    }

    /** Whether something is used up that can be freed: disk, quota, open files. */
    static boolean sayUsedUp(IOException e) {
        var message = String.valueOf(e.getMessage());
        return USED_UP_TEXTS.stream().anyMatch(message::contains);
    }

    /** What exceptions say of an error. */
    @SuppressWarnings("restricted") // that is what this class is for
    static String of(int errno) {
        var linker = Linker.nativeLinker();
        var address = linker.defaultLookup().findOrThrow("strerror");
        var text = call(linker.downcallHandle(address, SHAPE), errno).reinterpret(Long.MAX_VALUE);
        var bytes = new byte[lengthOf(text)];
        MemorySegment.copy(text, JAVA_BYTE, 0, bytes, 0, bytes.length);
        // As the virtual machine reads the same text when it makes an exception of it.
        return new String(bytes, Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8")));
    }

    private static MemorySegment call(MethodHandle strerror, int errno) {
        try {
            return (MemorySegment) strerror.invokeExact(errno);
        } catch (Throwable e) {
            throw new IllegalStateException("strerror does not fail", e);
        }
    }

    private static int lengthOf(MemorySegment text) {
        int length = 0;
        while (text.get(JAVA_BYTE, length) != 0) {
            length++;
        }
        return length;
    }
}
