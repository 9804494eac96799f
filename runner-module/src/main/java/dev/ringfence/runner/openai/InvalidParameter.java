package dev.ringfence.runner.openai;

/** A request asks for what cannot be had; nothing was started. Mend it and ask again. */
public final class InvalidParameter extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String param;
    private final String code;

    InvalidParameter(String param, String code, String message) {
        super(message);
        this.param = param;
        this.code = code;
    }

    static InvalidParameter missing(String param, String what) {
        return new InvalidParameter(
                param, "missing_required_parameter", "'%s' is missing; it must be %s.".formatted(param, what));
    }

    static InvalidParameter type(String param, String what, Object value) {
        return new InvalidParameter(
                param, "invalid_type", "'%s' is %s; it must be %s.".formatted(param, Parameters.show(value), what));
    }

    static InvalidParameter value(String param, String what, Object value) {
        return new InvalidParameter(
                param, "invalid_value", "'%s' is %s; it must be %s.".formatted(param, Parameters.show(value), what));
    }

    static InvalidParameter empty(String param, String what) {
        return new InvalidParameter(param, "invalid_value", "'%s' is empty; it must be %s.".formatted(param, what));
    }

    static InvalidParameter unsupported(String param, String why) {
        return new InvalidParameter(param, "unsupported_value", "'%s': %s".formatted(param, why));
    }

    /** The same of a parameter that the client calls by another name. */
    InvalidParameter named(String name) {
        var message = String.valueOf(getMessage()).replace("'" + param + "'", "'" + name + "'");
        return new InvalidParameter(name, code, message);
    }

    /** Where it stands, such as {@code messages[0].content}. */
    public String param() {
        return param;
    }

    /** A stable word, such as {@code invalid_value}. */
    public String code() {
        return code;
    }
}
