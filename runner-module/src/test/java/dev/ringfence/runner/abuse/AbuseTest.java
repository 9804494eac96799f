package dev.ringfence.runner.abuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;

/**
 * Hostile programs against a service: each is refused or contained and named rightly, nothing of it is left, and neither
 * the service nor another job comes to harm. Every case runs in every tier against a service that is root and against one
 * that is not, with control groups and without. While one case is worked on, {@code -Dabuse.only=} a part of its name
 * leaves out all others.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AbuseTest {
    private static final String ONLY = System.getProperty("abuse.only", "");

    private final Map<Setup, ServiceProcess> services = new HashMap<>();
    private Site site;

    @BeforeAll
    void prepare() throws IOException {
        assumeTrue(
                "root".equals(System.getProperty("user.name")),
                "the abuse suite makes network namespaces and acts as a second user, which takes root: run it as root");
        site = new Site();
    }

    @AfterAll
    void end() {
        services.values().forEach(ServiceProcess::close);
        if (site != null) {
            site.close();
        }
    }

    @TestFactory
    Stream<DynamicNode> isDeniedOrContained() {
        return Setup.all().stream().map(setup -> dynamicContainer(setup.toString(), cases(setup)));
    }

    private Stream<DynamicNode> cases(Setup setup) {
        return Stream.concat(
                Cases.all().stream()
                        .filter(hostile -> hostile.name().contains(ONLY))
                        .map(hostile -> dynamicTest(
                                hostile.name(),
                                () -> assertThat(service(setup).run(hostile.name()))
                                        .isEmpty())),
                Stream.of(dynamicTest("and the service ends well, with nothing left of all jobs", () -> {
                    service(setup).end();
                    assertThat(site.marked()).isEmpty();
                })));
    }

    private ServiceProcess service(Setup setup) {
        return services.computeIfAbsent(setup, as -> new ServiceProcess(site, as));
    }
}
