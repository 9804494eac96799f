package dev.ringfence.runner.abuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;

/**
 * Hostile programs against a service: each is refused or contained and named rightly, nothing of it is left, and neither
 * the service nor another job comes to harm. Every case runs against a service that is root and against one that is not.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AbuseTest {
    private final Map<ServiceProcess.User, ServiceProcess> services = new EnumMap<>(ServiceProcess.User.class);
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
        return Stream.of(ServiceProcess.User.values())
                .map(user -> dynamicContainer("a service that is " + user, cases(user)));
    }

    private Stream<DynamicNode> cases(ServiceProcess.User user) {
        return Stream.concat(
                Cases.all().stream()
                        .map(hostile -> dynamicTest(
                                hostile.name(),
                                () -> assertThat(service(user).run(hostile.name()))
                                        .isEmpty())),
                Stream.of(dynamicTest("and the service ends well, with nothing left of all jobs", () -> {
                    service(user).end();
                    assertThat(site.marked()).isEmpty();
                })));
    }

    private ServiceProcess service(ServiceProcess.User user) {
        return services.computeIfAbsent(user, as -> new ServiceProcess(site, as));
    }
}
