# shellcheck shell=sh
# Finds a JDK that can build and run the project, whatever the machine's default java is. Sourced by the launcher.

readonly JDK_MINIMUM=25

# Sets JDK to the first fitting one: the caller's choice, then what is installed, the lowest fitting version first,
# so that the version the project is tested with wins over a newer one.
find_jdk() {
    JDK=
    if [ -n "${JAVA_HOME:-}" ] && is_fitting_jdk "$JAVA_HOME"; then
        JDK=$JAVA_HOME
        return 0
    fi
    best=
    for candidate in /usr/lib/jvm/* /usr/java/* /opt/java/* "${SDKMAN_DIR:-${HOME:-}/.sdkman}"/candidates/java/* \
        /Library/Java/JavaVirtualMachines/*/Contents/Home; do
        if is_fitting_jdk "$candidate" && { [ -z "$best" ] || [ "$major" -lt "$best" ]; }; then
            JDK=$candidate best=$major
        fi
    done
    [ -z "$JDK" ] || return 0
    if have javac; then
        candidate=$(readlink -f "$(command -v javac)")
        candidate=${candidate%/bin/javac}
        if is_fitting_jdk "$candidate"; then
            JDK=$candidate
            return 0
        fi
    fi
    return 1
}

# Leaves the version in $major.
is_fitting_jdk() {
    [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] || return 1
    major=
    if [ -r "$1/release" ]; then
        while IFS='=' read -r key value; do
            if [ "$key" = JAVA_VERSION ]; then
                major=$value
                break
            fi
        done <"$1/release"
    else
        major=$("$1/bin/java" -version 2>&1 | sed -n 's/.* version \("[^"]*"\).*/\1/p')
    fi
    major=${major#\"}
    major=${major%%[!0-9]*}
    [ -n "$major" ] && [ "$major" -ge $JDK_MINIMUM ]
}

require_jdk() {
    find_jdk && return 0
    say "a JDK $JDK_MINIMUM or newer is needed, and none was found"
    [ -z "${JAVA_HOME:-}" ] || say "  JAVA_HOME is $JAVA_HOME, which is older or no JDK"
    cat >&2 <<EOF
  Looked at JAVA_HOME, /usr/lib/jvm, /usr/java, /opt/java, SDKMAN and the PATH. Install one of:
    SDKMAN        sdk install java 25-tem              (https://sdkman.io)
    Debian, apt   apt-get install temurin-25-jdk       (after https://adoptium.net/installation/linux)
    Fedora        dnf install java-25-openjdk-devel
    by hand       https://adoptium.net/temurin/releases/?version=25, then set JAVA_HOME
EOF
    exit "$EXIT_UNAVAILABLE"
}
