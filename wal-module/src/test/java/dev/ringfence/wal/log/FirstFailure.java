package dev.ringfence.wal.log;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs test classes, and ends with the first test that fails. */
final class FirstFailure implements TestExecutionListener {
    static final String MARK = "failed: ";

    private FirstFailure() {}

    public static void main(String[] classes) {
        var launcher = LauncherFactory.create();
        for (var name : classes) {
            var request = LauncherDiscoveryRequestBuilder.request().selectors(selectClass(name));
            launcher.execute(request.build(), new FirstFailure());
        }
        System.exit(0);
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        if (result.getStatus() == TestExecutionResult.Status.FAILED) {
            var parent = test.getUniqueId()
                    .replaceAll(".*\\[class:[^\\]]*\\.(\\w+)\\].*\\[(?:method|test-template):(\\w+).*", "$1.$2");
            System.out.println("\n" + MARK + parent);
            System.exit(1);
        }
    }
}
