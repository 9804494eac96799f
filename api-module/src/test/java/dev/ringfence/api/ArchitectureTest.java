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
import dev.ringfence.runner.fence.Fence;
import dev.ringfence.wal.journal.Journal;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
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
    private static final String TELEMETRY = "dev.ringfence.runner.telemetry..";
    private static final String FENCE = "dev.ringfence.runner.fence..";
    private static final String ENGINE = "dev.ringfence.runner.engine..";
    private static final String CAPABILITY = "dev.ringfence.runner.capability..";

    @Test
    void allModulesAreLookedAt() {
        assertThat(OURS.contain(Jobs.class)).isTrue();
        assertThat(OURS.contain(Catalog.class)).isTrue();
        assertThat(OURS.contain(Fence.class)).isTrue();
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
    void theLogKnowsNothingOfTheJournalAboveIt() {
        in("dev.ringfence.wal.log..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.ringfence.wal.journal..")
                .check(OURS);
    }

    @Test
    void eachFloorOfTheRunnersUsesOnlyThoseBelowIt() {
        in("dev.ringfence.runner.process..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(TELEMETRY, FENCE, ENGINE, CAPABILITY)
                .check(OURS);
        in(TELEMETRY)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(FENCE, ENGINE, CAPABILITY)
                .check(OURS);
        in(FENCE)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(ENGINE, CAPABILITY)
                .check(OURS);
        in(ENGINE).should().dependOnClassesThat().resideInAPackage(CAPABILITY).check(OURS);
    }

    @Test
    void thePipelineOfJobsKnowsNothingOfItsDoors() {
        in("dev.ringfence.api.job..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("dev.ringfence.api.rest..", "dev.ringfence.api.health..", "dev.ringfence.api.cli..")
                .check(OURS);
    }

    @Test
    void tellingCallersApartTakesNothingElseOfTheApi() {
        in("dev.ringfence.api.access..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "dev.ringfence.api",
                        "dev.ringfence.api.job..",
                        "dev.ringfence.api.rest..",
                        "dev.ringfence.api.cli..")
                .check(OURS);
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
    void nativeFunctionsAreCalledInOnePlaceOnly() {
        noClasses()
                .that()
                .doNotHaveFullyQualifiedName("dev.ringfence.runner.process.Libc")
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
