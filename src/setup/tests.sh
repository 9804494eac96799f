# shellcheck shell=sh
# Runs all tests and counts them from the reports. Sourced by the launcher.

# run_all_tests MAVEN-ARGUMENTS…
run_all_tests() {
    require_jdk
    export JAVA_HOME="$JDK"
    # Only what this run reports counts; a module with a failed test keeps no other from being tested.
    rm -rf "$ROOT"/*/target/surefire-reports "$ROOT"/*/target/failsafe-reports
    status=0
    (cd "$ROOT" && ./mvnw -B -ntp --fail-at-end -Dmaven.test.failure.ignore=true verify "$@" </dev/null) || status=$?
    count_tests "$status"
}

# Prints the reasons of failed and skipped tests and, last, the counts. Fails when Maven did, when a test did, or without tests.
count_tests() {
    find "$ROOT" -path "$ROOT/*/target/*-reports/TEST-*.xml" -exec cat {} + 2>/dev/null |
        awk -v maven="$1" -f "$ROOT/src/setup/tests.awk"
}
