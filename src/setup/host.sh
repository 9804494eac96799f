# shellcheck shell=sh
# The host's packages: installs what is missing where that is possible, else says what to type. Sourced by the launcher.

# ensure_host_packages WHAT, one of the words in the last columns of src/setup/packages.
ensure_host_packages() {
    if [ "$(uname -s)" != Linux ]; then
        say "fences are built by the Linux kernel, and this is $(uname -s)"
        die "$EXIT_UNAVAILABLE" 'use a Linux machine, or a Linux VM or container on this one'
    fi
    missing_packages "$1"
    [ -n "$programs" ] || return 0

    if ! have apt-get; then
        if have dnf; then
            die "$EXIT_UNAVAILABLE" "missing:$programs; to install: sudo dnf install$fedora_packages"
        fi
        die "$EXIT_UNAVAILABLE" "missing:$programs; install them with this system's package manager"
    fi
    install="apt-get install -y --no-install-recommends$debian_packages"
    if [ "$(id -u)" != 0 ]; then
        die "$EXIT_UNAVAILABLE" "missing:$programs; to install: sudo $install"
    fi
    if [ -n "${RINGFENCE_NO_INSTALL:-}" ]; then
        die "$EXIT_UNAVAILABLE" "missing:$programs; to install: $install"
    fi
    say "installing$debian_packages with apt"
    locked packages install_packages
    missing_packages "$1"
    [ -z "$programs" ] || die "$EXIT_UNAVAILABLE" "still missing after the installation:$programs"
}

# offer_host_packages WHAT: the same for what only some systems have; without it, who needs it says so and is left out.
offer_host_packages() {
    missing_packages "$1"
    if [ -z "$programs" ] || [ "$(id -u)" != 0 ] || ! have apt-get || [ -n "${RINGFENCE_NO_INSTALL:-}" ]; then
        return 0
    fi
    install="apt-get install -y --no-install-recommends$debian_packages"
    (locked packages install_packages) || say "going on without$programs"
}

# Leaves in $programs what is not on the PATH or not there, and the packages that have it in $debian_packages and $fedora_packages.
missing_packages() {
    programs='' debian_packages='' fedora_packages=''
    while read -r program debian_package fedora_package needed_by; do
        case "$program $needed_by " in
            '#'*) ;;
            *" $1 "*)
                have "$program" || [ -f "$program" ] && continue
                programs="$programs $program"
                debian_packages="$debian_packages $debian_package"
                fedora_packages="$fedora_packages $fedora_package"
                ;;
        esac
    done <"$ROOT/src/setup/packages"
}

# The package lists are only fetched when what is known does not do; a third party's broken source is no obstacle.
install_packages() {
    log=$STATE/setup.log
    if ! apt_install >>"$log" 2>&1; then
        apt-get -q update >>"$log" 2>&1 </dev/null || true
        if ! apt_install >>"$log" 2>&1; then
            show_tail "$log"
            die "$EXIT_UNAVAILABLE" "the installation failed; by hand: $install"
        fi
    fi
}

apt_install() {
    DEBIAN_FRONTEND=noninteractive $install -q -o DPkg::Lock::Timeout=120 </dev/null
}
