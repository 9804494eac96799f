package dev.ringfence.runner.process;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.ValueLayout;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A call that the native image does not know of fails only there, and only when it is made. */
class NativeMetadataTest {
    @Test
    void everyShapeOfNativeCallIsDeclaredForNativeImages() throws IOException {
        // Given
        var declared = new HashSet<List<String>>();
        try (var file = NativeMetadataTest.class.getResourceAsStream(
                "/META-INF/native-image/dev.ringfence/ringfence-runner/reachability-metadata.json")) {
            for (JsonNode call : new ObjectMapper().readTree(file).at("/foreign/downcalls")) {
                assertThat(call.at("/options/captureCallState").asBoolean()).isTrue();
                var shape = new java.util.ArrayList<String>();
                shape.add(call.get("returnType").asText());
                call.get("parameterTypes").forEach(type -> shape.add(type.asText()));
                declared.add(shape);
            }
        }

        // When
        Set<List<String>> used = new HashSet<>();
        for (var descriptor : Libc.shapes()) {
            var shape = new java.util.ArrayList<String>();
            shape.add(name(descriptor.returnLayout().orElseThrow()));
            descriptor.argumentLayouts().forEach(layout -> shape.add(name(layout)));
            used.add(shape);
        }

        // Then
        assertThat(declared).isEqualTo(used);
    }

    private static String name(MemoryLayout layout) {
        return switch (layout) {
            case ValueLayout.OfInt i -> "jint";
            case ValueLayout.OfLong l -> "jlong";
            case ValueLayout.OfShort s -> "jshort";
            case AddressLayout a -> "void*";
            default -> throw new IllegalArgumentException(layout.toString());
        };
    }
}
