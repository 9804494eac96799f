# shellcheck shell=sh
# What every part of the launcher uses: messages, exit codes, one lock. Sourced, never run.

# sysexits(3): what the caller can do about it decides the number.
# shellcheck disable=SC2034 # used where this is sourced
{
    readonly EXIT_USAGE=2        # another command was meant
    readonly EXIT_UNAVAILABLE=69 # something has to be installed or reached first
    readonly EXIT_SOFTWARE=70    # the build is broken
    readonly EXIT_CONFIG=78      # a setting points nowhere
}

# All messages go to stderr: stdout belongs to the program that is started.
say() {
    printf 'ringfence: %s\n' "$*" >&2
}

# die CODE MESSAGE…
die() {
    exit_code=$1
    shift
    say "$@"
    exit "$exit_code"
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# Shows the last lines of a log file, indented, and names the file.
show_tail() {
    tail -n "${2:-20}" "$1" | sed 's/^/    /' >&2
    say "the whole log is in $1"
}

# locked NAME COMMAND… runs COMMAND in a subshell, one process at a time for each NAME.
# The kernel drops the lock when its holder dies, so a killed set-up blocks nobody.
locked() {
    lock_name=$1
    shift
    mkdir -p "$STATE"
    (
        if have flock; then
            exec 9>"$STATE/$lock_name.lock"
            flock -n 9 || {
                say "waiting for another $lock_name to finish"
                flock 9
            }
        fi
        "$@"
    )
}
