package dev.ringfence.api.rest;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import jakarta.ws.rs.Path;
import org.junit.jupiter.api.Test;

class AddressesTest {
    /** One that is left out would refuse each query parameter. */
    @Test
    void allResourcesOfTheNativeApiAreKnown() {
        var resources = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests()).importPackages("dev.ringfence.api").stream()
                        .filter(type -> type.isAnnotatedWith(Path.class))
                        .filter(type ->
                                type.getAnnotationOfType(Path.class).value().startsWith("/api/"))
                        .map(JavaClass::reflect)
                        .toList();

        assertThat(resources).hasSizeGreaterThan(8);
        assertThat(Addresses.RESOURCES).hasSameElementsAs(resources);
    }
}
