package dev.ringfence.api.job;

import java.util.Optional;

/** What looks at nothing and hears nothing. */
public final class Unwatched {
    /** Lets everyone in. */
    public static final JobHost HOST = new JobHost(Optional::empty, Optional::empty);

    public static final JobObserver OBSERVER = new JobObserver() {};

    private Unwatched() {}
}
