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
 * All capabilities of this service, by name, with their schemas ready to check arguments. Immutable and thread-safe.
 *
 * <p>Sentences about violations are written here: the validator's own come from resource bundles, which a native image
 * would have to carry.
 */
public final class Capabilities {
    private static final int MOST_VIOLATIONS = 20;

    private final Map<String, Capability> byName;
    private final Map<String, JsonSchema> schemas;

    private Capabilities(Map<String, Capability> byName, Map<String, JsonSchema> schemas) {
        this.byName = Collections.unmodifiableMap(byName);
        this.schemas = Map.copyOf(schemas);
    }

    /**
     * Prepares their schemas.
     *
     * @throws IllegalArgumentException when two have the same name
     */
    public static Capabilities of(List<Capability> capabilities) {
        var factory = JsonSchemaFactory.getInstance(VersionFlag.V202012);
        var config = SchemaValidatorsConfig.builder()
                .messageSource((key, fallback, locale, arguments) -> key)
                .pathType(PathType.JSON_POINTER)
                .build();
        var byName = new LinkedHashMap<String, Capability>();
        var schemas = new LinkedHashMap<String, JsonSchema>();
        for (var capability : capabilities) {
            if (byName.put(capability.name(), capability) != null) {
                throw new IllegalArgumentException("two capabilities are called " + capability.name());
            }
            var schema = factory.getSchema(capability.schema(), config);
            schema.initializeValidators();
            schemas.put(capability.name(), schema);
        }
        return new Capabilities(byName, schemas);
    }

    public Optional<Capability> find(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    /** In the order in which they were given. */
    public List<Capability> all() {
        return List.copyOf(byName.values());
    }

    /**
     * Checks arguments against a capability's schema.
     *
     * @param capability one of {@link #all()}
     * @throws InvalidArguments when they break it
     */
    public void validate(Capability capability, JsonNode arguments) {
        var schema = schemas.get(capability.name());
        if (schema == null) {
            throw new IllegalArgumentException("not one of these capabilities: " + capability.name());
        }
        var violations = schema.validate(arguments).stream()
                .limit(MOST_VIOLATIONS)
                .map(Violations::sentence)
                .toList();
        if (!violations.isEmpty()) {
            throw new InvalidArguments(violations);
        }
    }
}
