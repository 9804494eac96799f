package dev.ringfence.api.rest;

/** No model of the catalog has that name, or fits what is asked. */
final class UnknownModel extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnknownModel(String message) {
        super(message);
    }
}
