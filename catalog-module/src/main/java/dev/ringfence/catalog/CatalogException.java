package dev.ringfence.catalog;

import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A catalog file cannot be used. It holds everything that is wrong, so that one round of corrections is enough. */
public final class CatalogException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String source;
    private final transient List<Problem> problems;

    CatalogException(String source, List<Problem> problems, @Nullable Throwable cause) {
        super(report(source, problems), cause);
        this.source = source;
        this.problems = List.copyOf(problems);
    }

    /** Something is wrong with the whole of it, so that no key can be named. */
    static CatalogException ofWhole(String source, String message, @Nullable Throwable cause) {
        return new CatalogException(source, List.of(new Problem("", "", message)), cause);
    }

    /** Where the catalog was read from. */
    public String source() {
        return source;
    }

    /** At least one, in the order of the file's sections. */
    public List<Problem> problems() {
        return problems;
    }

    private static String report(String source, List<Problem> problems) {
        var count = problems.size() == 1 ? "1 error" : problems.size() + " errors";
        return problems.stream()
                .map(problem -> "\n  " + problem)
                .collect(Collectors.joining("", source + " has " + count + ":", ""));
    }
}
