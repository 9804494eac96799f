package dev.ringfence.runner.fence;

/** A fence could not be built. Nothing of the program has run. */
public abstract sealed class FenceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private FenceException(String message) {
        super(message);
    }

    private FenceException(String message, Throwable cause) {
        super(message, cause);
    }

    /** This host cannot enforce what the profile asks; another profile may do, or the remedy in the message. */
    public static final class Refused extends FenceException {
        private static final long serialVersionUID = 1L;
        private final String field;

        /**
         * @param field the profile's key that cannot be enforced
         */
        public Refused(String field, String message) {
            super(message);
            this.field = field;
        }

        /** The profile's key that cannot be enforced, such as {@code network.access_mode}. */
        public String field() {
            return field;
        }
    }

    /** The fence failed, not the program in it; an operator has to look. */
    public static final class Broken extends FenceException {
        private static final long serialVersionUID = 1L;

        public Broken(String message) {
            super(message);
        }

        public Broken(String message, Throwable cause) {
            super(message, cause);
        }
    }
}
