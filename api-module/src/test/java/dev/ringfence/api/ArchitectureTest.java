package dev.ringfence.api;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.syntax.elements.GivenClassesConjunction;
import dev.ringfence.api.job.Jobs;
import dev.ringfence.catalog.Catalog;
import dev.ringfence.runner.fence.HostFences;
import dev.ringfence.wal.journal.Journal;
import io.smallrye.common.annotation.Blocking;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.Path;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which way the arrows go. The POMs keep the modules apart; this keeps the floors within them. */
class ArchitectureTest {
    private static final JavaClasses OURS = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.ringfence");

    private static final String API = "dev.ringfence.api..";
    private static final String CATALOG = "dev.ringfence.catalog..";
    private static final String RUNNER = "dev.ringfence.runner..";
    private static final String WAL = "dev.ringfence.wal..";

    /**
     * A file on a disk that does not answer would hold up everybody. A method that returns what it has is run by a worker
     * anyway.
     */
    @Test
    void noAddressIsServedByTheThreadsThatServeAllConnections() {
        var served = OURS.stream()
                .filter(type -> type.isAnnotatedWith(Path.class))
                .flatMap(type -> type.getMethods().stream())
                .filter(method -> method.isMetaAnnotatedWith(HttpMethod.class))
                .toList();

        assertThat(served).hasSizeGreaterThan(30);
        assertThat(served)
                .filteredOn(method -> method.getRawReturnType().isAssignableTo(Uni.class)
                        || method.getRawReturnType().isAssignableTo(Multi.class))
                .hasSizeGreaterThan(10)
                .allMatch(method -> method.isAnnotatedWith(Blocking.class)
                        || method.getOwner().isAnnotatedWith(Blocking.class));
    }

    @Test
    void allModulesAreLookedAt() {
        assertThat(OURS.contain(Jobs.class)).isTrue();
        assertThat(OURS.contain(Catalog.class)).isTrue();
        assertThat(OURS.contain(HostFences.class)).isTrue();
        assertThat(OURS.contain(Journal.class)).isTrue();
    }

    @Test
    void theCatalogStandsAlone() {
        in(CATALOG)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(API, RUNNER, WAL)
                .check(OURS);
    }

    @Test
    void theJournalStandsAlone() {
        in(WAL).should()
                .dependOnClassesThat()
                .resideInAnyPackage(API, RUNNER, CATALOG)
                .check(OURS);
    }

    @Test
    void theRunnersKnowTheCatalogOnly() {
        in(RUNNER).should().dependOnClassesThat().resideInAnyPackage(API, WAL).check(OURS);
    }

    @Test
    void theLogKnowsNothingOfTheJournalAndTheMapAboveItNorTheyOfEachOther() {
        in("dev.ringfence.wal.log..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("dev.ringfence.wal.journal..", "dev.ringfence.wal.map..")
                .check(OURS);
        in("dev.ringfence.wal.map..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.ringfence.wal.journal..")
                .check(OURS);
        in("dev.ringfence.wal.journal..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.ringfence.wal.map..")
                .check(OURS);
    }

    @Test
    void eachFloorOfTheRunnersUsesOnlyThoseBelowIt() {
        areFloors(
                "dev.ringfence.runner.process..",
                "dev.ringfence.runner.telemetry..",
                "dev.ringfence.runner.fence..",
                "dev.ringfence.runner.engine..",
                "dev.ringfence.runner.openai..",
                "dev.ringfence.runner.files..",
                "dev.ringfence.runner.capability..");
    }

    @Test
    void eachFloorOfTheApiUsesOnlyThoseBelowIt() {
        areFloors(
                "dev.ringfence.api.access..",
                "dev.ringfence.api.journal..",
                "dev.ringfence.api.job..",
                "dev.ringfence.api.session..",
                "dev.ringfence.api.webhook..",
                "dev.ringfence.api",
                "dev.ringfence.api.rest..",
                "dev.ringfence.api.health..",
                "dev.ringfence.api.cli..");
    }

    @Test
    void tellingCallersApartReadingTheJournalAndThePipelineTakeNothingOfEachOther() {
        var beside = List.of("dev.ringfence.api.access..", "dev.ringfence.api.journal..", "dev.ringfence.api.job..");
        for (var one : beside) {
            in(one).should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(
                            beside.stream().filter(other -> !other.equals(one)).toArray(String[]::new))
                    .check(OURS);
        }
    }

    @Test
    void belowTheApiNothingKnowsAFramework() {
        noClasses()
                .that()
                .resideOutsideOfPackage(API)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.quarkus..", "jakarta..", "io.vertx..", "org.eclipse.microprofile..")
                .check(OURS);
    }

    @Test
    void noPackagesUseEachOtherInACircle() {
        slices().matching("dev.ringfence.(**)").should().beFreeOfCycles().check(OURS);
    }

    @Test
    void nativeFunctionsAreCalledInOnePlaceOfEachModuleOnly() {
        noClasses()
                .that()
                .doNotHaveFullyQualifiedName("dev.ringfence.runner.process.Libc")
                .and()
                .doNotHaveFullyQualifiedName("dev.ringfence.wal.log.ErrorTexts")
                .should()
                .dependOnClassesThat()
                .areAssignableTo(Linker.class)
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(SymbolLookup.class)
                .check(OURS);
    }

    @Test
    void onlyTheRestPackageKnowsHttpStatuses() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.ringfence.api.rest..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("jakarta.ws.rs..", "org.jboss.resteasy..")
                .check(OURS);
    }

    @Test
    void programsAreStartedByTheProcessEngineOnly() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .areAssignableTo(ProcessBuilder.class)
                .orShould()
                .accessTargetWhere(calls(Runtime.class, "exec"))
                .check(OURS);
    }

    @Test
    void onlyTheCommandLineEndsTheVirtualMachine() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.ringfence.api.cli..")
                .should()
                .accessTargetWhere(calls(System.class, "exit"))
                .orShould()
                .accessTargetWhere(calls(Runtime.class, "exit"))
                .orShould()
                .accessTargetWhere(calls(Runtime.class, "halt"))
                .check(OURS);
    }

    /** From the lowest upwards; every package has a class, so that a name that is misspelt is noticed. */
    private static void areFloors(String... floors) {
        for (int floor = 0; floor < floors.length; floor++) {
            var above = Arrays.copyOfRange(floors, floor + 1, floors.length);
            in(floors[floor])
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(above)
                    .check(OURS);
        }
    }

    private static GivenClassesConjunction in(String packages) {
        return noClasses().that().resideInAPackage(packages);
    }

    private static DescribedPredicate<JavaAccess<?>> calls(Class<?> owner, String method) {
        return DescribedPredicate.describe(
                "calls " + owner.getSimpleName() + "." + method,
                access -> isFrom(access.getTargetOwner(), owner)
                        && access.getTarget().getName().equals(method));
    }

    private static boolean isFrom(JavaClass accessed, Class<?> owner) {
        return accessed.isEquivalentTo(owner);
    }
}
