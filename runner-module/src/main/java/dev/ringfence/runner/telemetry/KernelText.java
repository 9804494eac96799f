package dev.ringfence.runner.telemetry;

import dev.ringfence.runner.process.KernelFile;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** Reads the kernel's small text files; what is not there, or may not be read, is empty. */
final class KernelText {
    private KernelText() {}

    static String read(Path file) {
        try {
            return KernelFile.read(file);
        } catch (IOException e) {
            return "";
        }
    }

    static OptionalLong number(Path file) {
        return number(read(file).strip());
    }

    static OptionalLong number(String text) {
        try {
            return OptionalLong.of(Long.parseLong(text));
        } catch (NumberFormatException e) {
            return OptionalLong.empty();
        }
    }

    /** The first number in the line that begins with a key. */
    static OptionalLong number(String text, String key) {
        var rest = behind(text, key).stripLeading();
        int end = 0;
        while (end < rest.length() && Character.isDigit(rest.charAt(end))) {
            end++;
        }
        return number(rest.substring(0, end));
    }

    /** The number behind {@code name=} in the line that begins with a key, as in {@code some avg10=0.12 avg60=…}. */
    static OptionalDouble field(String text, String key, String name) {
        for (var word : behind(text, key).split(" ", -1)) {
            if (word.startsWith(name + "=")) {
                try {
                    return OptionalDouble.of(Double.parseDouble(word.substring(name.length() + 1)));
                } catch (NumberFormatException e) {
                    return OptionalDouble.empty();
                }
            }
        }
        return OptionalDouble.empty();
    }

    private static String behind(String text, String key) {
        int at = text.startsWith(key) ? 0 : text.indexOf("\n" + key) + 1;
        if (at == 0 && !text.startsWith(key)) {
            return "";
        }
        int end = text.indexOf('\n', at);
        return text.substring(at + key.length(), end < 0 ? text.length() : end);
    }

    /** What lies in a directory, by name. */
    static List<Path> entries(Path directory, String glob) {
        var found = new ArrayList<Path>();
        try (var entries = Files.newDirectoryStream(directory, glob)) {
            entries.forEach(found::add);
        } catch (IOException | DirectoryIteratorException e) {
            return List.of();
        }
        found.sort(null);
        return found;
    }
}
