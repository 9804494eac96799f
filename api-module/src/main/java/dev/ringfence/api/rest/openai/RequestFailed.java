package dev.ringfence.api.rest.openai;

import java.util.Optional;

/** A request of OpenAI's API cannot be answered. */
final class RequestFailed extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient OpenAiError error;
    private final transient Optional<String> jobId;

    RequestFailed(OpenAiError error, Optional<String> jobId) {
        super(error.message());
        this.error = error;
        this.jobId = jobId;
    }

    OpenAiError error() {
        return error;
    }

    /** The job that failed, if there was one. */
    Optional<String> jobId() {
        return jobId;
    }
}
