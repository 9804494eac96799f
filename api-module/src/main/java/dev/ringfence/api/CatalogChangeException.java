package dev.ringfence.api;

import org.jspecify.annotations.Nullable;

/** A change of the catalog at run time was refused; nothing was changed. One subclass for each reaction. */
public abstract sealed class CatalogChangeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private CatalogChangeException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /** The catalog file does not allow it. */
    public static final class NotAllowed extends CatalogChangeException {
        private static final long serialVersionUID = 1L;

        NotAllowed(String message) {
            super(message, null);
        }
    }

    /** No model has that name. */
    public static final class UnknownModel extends CatalogChangeException {
        private static final long serialVersionUID = 1L;

        UnknownModel(String message) {
            super(message, null);
        }
    }

    /** The model stands in the file, and can only be changed there. */
    public static final class OfTheFile extends CatalogChangeException {
        private static final long serialVersionUID = 1L;

        OfTheFile(String message) {
            super(message, null);
        }
    }

    /** There are as many as can be. */
    public static final class TooMany extends CatalogChangeException {
        private static final long serialVersionUID = 1L;

        TooMany(String message) {
            super(message, null);
        }
    }

    /** The change cannot be written down; an operator has to look. */
    public static final class NotKept extends CatalogChangeException {
        private static final long serialVersionUID = 1L;

        NotKept(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
