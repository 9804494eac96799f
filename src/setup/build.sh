# shellcheck shell=sh
# Builds the packaged application when it is missing or older than its sources. Sourced by the launcher.

readonly JVM_FORM="$ROOT/native-build/target/quarkus-app/quarkus-run.jar"
readonly NATIVE_FORM="$ROOT/native-build/target/ringfence"

# What Maven's wrapper and Maven itself say of a file that they could not download.
readonly NOT_FETCHED='Failed to fetch|Could not transfer|could not be resolved|Cannot access .* in offline mode|UnknownHostException'

# Sets PROGRAM to the newer one of the two forms.
ensure_built() {
    pick_form
    if ! is_current "$PROGRAM"; then
        require_jdk
        locked build build_once
        pick_form
    fi
}

pick_form() {
    PROGRAM=$JVM_FORM
    if [ -x "$NATIVE_FORM" ] && [ -z "$(find "$JVM_FORM" -newer "$NATIVE_FORM" 2>/dev/null)" ]; then
        PROGRAM=$NATIVE_FORM
    fi
}

# A source counts as built when it is older than the program, or than the start of the last build that passed.
is_current() {
    [ -e "$1" ] || return 1
    is_newest "$1" || { [ -e "$STATE/built" ] && is_newest "$STATE/built"; }
}

# Folders count too: they change when a file in them is added or removed.
is_newest() {
    [ -z "$(find "$ROOT/pom.xml" "$ROOT/.mvn" "$ROOT"/*/pom.xml "$ROOT"/*-module/src/main -newer "$1" -print 2>/dev/null |
        head -n 1)" ]
}

build_once() {
    pick_form
    if is_current "$PROGRAM"; then # by whoever held the lock
        return 0
    fi
    say 'building (the first time takes a few minutes)'
    : >"$STATE/building"
    if ! (cd "$ROOT" && JAVA_HOME=$JDK ./mvnw -q -B -ntp -Dquick -DskipTests package -pl native-build -am \
        >"$STATE/build.log" 2>&1 </dev/null); then
        show_tail "$STATE/build.log" 40
        if grep -qE "$NOT_FETCHED" "$STATE/build.log"; then
            say 'the build could not fetch what it needs: src/docs/operations.md, "Behind a proxy, or without a network"'
            die "$EXIT_UNAVAILABLE" 'says where a proxy is named, and how to bring what another host has built'
        fi
        die "$EXIT_SOFTWARE" 'the build failed'
    fi
    [ -e "$JVM_FORM" ] || die "$EXIT_SOFTWARE" "the build left no $JVM_FORM"
    mv "$STATE/building" "$STATE/built"
}
