package dev.ringfence.wal.log;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.foreign.AddressLayout;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ErrorTextsTest {
    @TempDir
    Path directory;

    @Test
    void whatIsUsedUpIsKnownByWhatTheCLibraryCallsIt() throws Exception {
        assertThat(childSays(Map.of("LC_ALL", "C")))
                .containsExactly(
                        "true /dev/null: Too many open files",
                        "true No space left on device",
                        "false Input/output error",
                        "Too many open files in system",
                        "Too many open files",
                        "No space left on device",
                        "Disk quota exceeded");
    }

    /** A full disk once ended all writing until a restart, where the service spoke German. */
    @Test
    void whatIsUsedUpIsKnownInAnyLanguage() throws Exception {
        // The translations are there or not; the service has to go on either way.
        for (var language : List.of("de", "fr", "ja")) {
            assertThat(childSays(Map.of("LC_ALL", "C.UTF-8", "LANGUAGE", language)))
                    .hasSize(7)
                    .satisfies(said -> assertThat(said.get(0)).startsWith("true "))
                    .satisfies(said -> assertThat(said.get(1)).startsWith("true "));
        }
    }

    /** A call that the native image does not know of fails only there. */
    @Test
    void theShapeOfTheCallIsDeclaredForNativeImages() throws IOException {
        try (var file = ErrorTexts.class.getResourceAsStream(
                "/META-INF/native-image/dev.ringfence/ringfence-wal/reachability-metadata.json")) {
            var call = new ObjectMapper().readTree(file).at("/foreign/downcalls/0");

            assertThat(call.toString()).isEqualTo("{\"returnType\":\"void*\",\"parameterTypes\":[\"jint\"]}");
            assertThat(ErrorTexts.SHAPE.returnLayout().orElseThrow()).isInstanceOf(AddressLayout.class);
            assertThat(ErrorTexts.SHAPE.argumentLayouts()).singleElement().isInstanceOf(ValueLayout.OfInt.class);
        }
    }

    private List<String> childSays(Map<String, String> environment) throws Exception {
        var command = new ArrayList<>(List.of("/bin/sh", "-c", "ulimit -n 200; exec \"$@\"", "sh"));
        command.addAll(Child.command(ErrorTextsChild.class, directory.toString()));
        var builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("LC_") || name.startsWith("LANG"));
        builder.environment().putAll(environment);
        var process = builder.start();
        var said = process.inputReader().lines().toList();
        assertThat(process.waitFor()).as("%s", said).isZero();
        return said;
    }
}
