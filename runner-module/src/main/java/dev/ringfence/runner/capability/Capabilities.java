package dev.ringfence.runner.capability;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.PathType;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion.VersionFlag;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All capabilities of this service, by name, with their schemas ready to check arguments. Others can take their place as a
 * whole. Thread-safe.
 *
 * <p>Sentences about violations are written here: the validator's own come from resource bundles, which a native image
 * would have to carry.
 */
public final class Capabilities {
    private static final int MOST_VIOLATIONS = 20;
    private static final JsonSchemaFactory FACTORY = JsonSchemaFactory.getInstance(VersionFlag.V202012);
    private static final SchemaValidatorsConfig CONFIG = SchemaValidatorsConfig.builder()
            .messageSource((key, fallback, locale, arguments) -> key)
            .pathType(PathType.JSON_POINTER)
            .build();

    private volatile Map<String, Entry> entries;

    private record Entry(Capability capability, JsonSchema schema) {}

    private Capabilities(Map<String, Entry> entries) {
        this.entries = entries;
    }

    /**
     * Prepares their schemas.
     *
     * @throws IllegalArgumentException when two have the same name
     */
    public static Capabilities of(List<Capability> capabilities) {
        return new Capabilities(prepare(capabilities));
    }

    /**
     * Prepares others in place of these, and changes nothing yet.
     *
     * @return puts them in their place
     * @throws IllegalArgumentException when two have the same name
     */
    public Runnable replacing(List<Capability> others) {
        var next = prepare(others);
        return () -> entries = next;
    }

    public Optional<Capability> find(String name) {
        return Optional.ofNullable(entries.get(name)).map(Entry::capability);
    }

    /** In the order in which they were given. */
    public List<Capability> all() {
        return entries.values().stream().map(Entry::capability).toList();
    }

    /**
     * Checks arguments against a capability's schema.
     *
     * @param capability one of {@link #all()}, or one that was until others took its place
     * @throws InvalidArguments when they break it
     */
    public void validate(Capability capability, JsonNode arguments) {
        var entry = entries.get(capability.name());
        var schema = entry != null && entry.capability().equals(capability) ? entry.schema() : schema(capability);
        var violations = Violations.sentences(schema.validate(arguments), MOST_VIOLATIONS);
        if (!violations.isEmpty()) {
            throw new InvalidArguments(violations);
        }
    }

    private static Map<String, Entry> prepare(List<Capability> capabilities) {
        var entries = new LinkedHashMap<String, Entry>();
        for (var capability : capabilities) {
            if (entries.put(capability.name(), new Entry(capability, schema(capability))) != null) {
                throw new IllegalArgumentException("two capabilities are called " + capability.name());
            }
        }
        return Collections.unmodifiableMap(entries);
    }

    private static JsonSchema schema(Capability capability) {
        var schema = FACTORY.getSchema(capability.schema(), CONFIG);
        schema.initializeValidators();
        return schema;
    }
}
