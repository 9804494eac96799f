#!/bin/sh
# Measures the start of a journal with many old jobs, with its snapshots and without them.
#   src/bench/journal/restart.sh DIRECTORY JOBS…        such as /var/tmp 100000 1000000
# Needs a built project (./ringfence setup) and JAVA_HOME of a JDK 25.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=$(CDPATH='' cd -- "$here/../../.." && pwd -P)
libraries=$root/native-build/target/quarkus-app/lib
classes=$root/wal-module/target/classes
[ -d "$libraries/main" ] && [ -d "$classes" ] || {
    echo "build the project first: ./ringfence setup" >&2
    exit 69
}
exec "${JAVA_HOME:?}/bin/java" -Xmx512m -cp "$classes:$libraries/main/*:$libraries/boot/*" "$here/RestartBench.java" "$@"
