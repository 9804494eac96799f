package dev.ringfence.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitCallTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaStaticInitializer;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * In the native form nearly all classes are initialised by whoever builds the image: what an initialiser finds out then
 * about its process, its host or the time would be another one's when the program runs, and a source of random numbers
 * would give everybody the same ones.
 */
class BuildTimeInitializersTest {
    private static final JavaClasses OURS = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.ringfence");

    /** Initialised when the program runs, as its configuration for native images says. */
    private static final String AT_RUN_TIME = "dev.ringfence.runner.process.Libc";

    private static final Set<String> OF_THE_PROCESS = Set.of(
            "java.lang.ProcessHandle",
            "java.lang.Runtime",
            "java.lang.Thread",
            "java.lang.management.ManagementFactory",
            "java.net.InetAddress",
            "java.net.NetworkInterface",
            "java.nio.file.Files",
            "java.security.SecureRandom",
            "java.time.Clock",
            "java.util.Random",
            "java.util.TimeZone",
            "java.util.concurrent.Executors",
            "java.util.concurrent.ThreadLocalRandom",
            "java.util.random.RandomGenerator",
            AT_RUN_TIME);

    private static final Set<String> METHODS_OF_THE_PROCESS = Set.of(
            "java.lang.System.currentTimeMillis",
            "java.lang.System.getenv",
            "java.lang.System.nanoTime",
            "java.nio.charset.Charset.defaultCharset",
            "java.nio.file.Path.toAbsolutePath",
            "java.time.Instant.now",
            "java.time.LocalDate.now",
            "java.util.Locale.getDefault",
            "java.util.UUID.randomUUID");

    /** Threads are made by this factory when there is work for them, not when it is made. */
    private static final Set<String> HARMLESS = Set.of("java.lang.Thread.ofPlatform", "java.lang.Thread.ofVirtual");

    @Test
    void noInitializerKeepsWhatHoldsOnlyInTheProcessThatRunsIt() {
        var found = OURS.stream()
                .filter(type -> !type.getName().equals(AT_RUN_TIME))
                .flatMap(BuildTimeInitializersTest::calls)
                .filter(call -> forbidden(call.getTarget()))
                .map(JavaAccess::getDescription)
                .toList();
        assertThat(found).isEmpty();
    }

    @Test
    void theExemptClassIsThere() {
        assertThat(OURS.contain(AT_RUN_TIME)).isTrue();
        assertThat(OURS.get(AT_RUN_TIME).getStaticInitializer()).isPresent();
    }

    private static Stream<JavaCall<?>> calls(JavaClass type) {
        return type.getStaticInitializer().map(JavaStaticInitializer::getCallsFromSelf).stream()
                .flatMap(Set::stream);
    }

    private static boolean forbidden(CodeUnitCallTarget target) {
        var owner = target.getOwner().getName();
        var method = owner + "." + target.getName();
        return (OF_THE_PROCESS.contains(owner) && !HARMLESS.contains(method))
                || METHODS_OF_THE_PROCESS.contains(method);
    }
}
