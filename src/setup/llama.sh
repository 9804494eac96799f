# shellcheck shell=sh
# llama.cpp for hosts without a llama-server: Debian sid's packages, unpacked into a prefix of their own.
# Sourced by the launcher.
#
# Debian 12's libc is too old for these programs, so the prefix has its own libc and loader. It can be used in
# two ways: bound as a sandbox's /usr, or through the prefix's loader, which is what PREFIX/llama-server does.
# The host's package database, sources and cache are neither read nor changed, and no root is needed.

# The layout of the prefix; a new number makes every host unpack again.
readonly LLAMA_LAYOUT=1
readonly LLAMA_PACKAGES='llama.cpp-tools libllama0 libggml0 libc6 libgcc-s1 libstdc++6 libgomp1 libssl3t64 zlib1g libzstd1'
readonly DEBIAN_MIRROR='http://deb.debian.org/debian'

# Prints the prefix that programs should use; fails when there is none.
llama_prefix() {
    if [ -n "${RINGFENCE_LLAMA_PREFIX:-}" ]; then
        [ -x "$RINGFENCE_LLAMA_PREFIX/usr/bin/llama-server" ] ||
            die "$EXIT_CONFIG" "RINGFENCE_LLAMA_PREFIX is $RINGFENCE_LLAMA_PREFIX, but usr/bin/llama-server is not in there"
        printf '%s\n' "$RINGFENCE_LLAMA_PREFIX"
    elif llama_prefix_is_complete "$STATE/llama"; then
        printf '%s\n' "$STATE/llama"
    else
        return 1
    fi
}

# The stamp is written last, before the prefix is renamed into place.
llama_prefix_is_complete() {
    [ -r "$1/stamp" ] || return 1
    read -r layout machine <"$1/stamp"
    [ "$layout $machine" = "$LLAMA_LAYOUT $(uname -m)" ]
}

ensure_llama() {
    if llama_prefix >/dev/null || have llama-server; then
        return 0
    fi
    locked llama unpack_llama
}

unpack_llama() {
    if llama_prefix_is_complete "$STATE/llama"; then # by whoever held the lock
        return 0
    fi
    case $(uname -m) in
        x86_64) llama_arch=amd64 llama_triplet=x86_64-linux-gnu llama_loader=ld-linux-x86-64.so.2 ;;
        aarch64) llama_arch=arm64 llama_triplet=aarch64-linux-gnu llama_loader=ld-linux-aarch64.so.1 ;;
        *) llama_by_hand "there is no prefix for $(uname -m)" ;;
    esac
    if ! have apt-get || ! have dpkg; then
        llama_by_hand 'there is no llama-server, and without apt none can be unpacked here'
    fi
    keyring=
    for file in /usr/share/keyrings/debian-archive-keyring.gpg /usr/share/keyrings/debian-archive-keyring.pgp; do
        if [ -r "$file" ]; then
            keyring=$file
            break
        fi
    done
    [ -n "$keyring" ] ||
        llama_by_hand "Debian's archive keys are missing: apt-get install debian-archive-keyring, and start again"

    llama_log=$STATE/setup.log
    apt_home=$STATE/apt
    umask 022
    mkdir -p "$apt_home/lists/partial" "$apt_home/cache/archives/partial" "$apt_home/sources" "$apt_home/packages"
    say 'llama.cpp: unpacking it from Debian sid into .ringfence/llama (24 MB to fetch with its package list, once)'
    fetch_llama_packages
    assemble_llama_prefix
    rm -rf "$apt_home"
    say "llama.cpp: $(sed -n 's/^llama.cpp-tools_\(.*%3a\)\{0,1\}\(.*\)_.*/\2/p' "$STATE/llama/stamp") is ready"
}

llama_by_hand() {
    say "llama.cpp: $1"
    die "$EXIT_UNAVAILABLE" "install llama.cpp so that 'llama-server' is on the PATH (https://github.com/ggml-org/llama.cpp)"
}

# The host's own mirror if it serves sid too, else Debian's public one. Leaves the file names in $apt_home/wanted.
fetch_llama_packages() {
    write_apt_configuration
    fetched=no
    for mirror in $(host_mirror) "$DEBIAN_MIRROR"; do
        write_sid_source "$mirror"
        if sid_apt -qq --error-on=any update >>"$llama_log" 2>&1; then
            fetched=yes
            break
        fi
    done
    if [ "$fetched" = no ]; then
        show_tail "$llama_log"
        die "$EXIT_UNAVAILABLE" "llama.cpp: Debian sid's package list could not be fetched; starting again resumes"
    fi
    # apt verifies what it finds as well as what it fetches, and names only what is not in the current directory.
    # shellcheck disable=SC2086 # a list of words
    if ! { cd "$apt_home/sources" && sid_apt -qq --print-uris download $LLAMA_PACKAGES >"$apt_home/uris" 2>>"$llama_log" &&
        cd "$apt_home/packages" && sid_apt -qq download $LLAMA_PACKAGES >>"$llama_log" 2>&1; }; then
        show_tail "$llama_log"
        die "$EXIT_UNAVAILABLE" "llama.cpp: its packages could not be fetched; starting again resumes"
    fi
    # 'URI' FILE SIZE HASH
    awk '{ print $2 }' "$apt_home/uris" >"$apt_home/wanted"
}

sid_apt() {
    apt-get -c "$apt_home/apt.conf" "$@"
}

# Read after the host's own configuration, whose proxies are wanted and whose hooks are not.
write_apt_configuration() {
    cat >"$apt_home/apt.conf" <<EOF
APT::Architecture "$llama_arch";
APT::Architectures { "$llama_arch"; };
Dir::State "$apt_home";
Dir::State::lists "$apt_home/lists";
Dir::State::status "/dev/null";
Dir::Cache "$apt_home/cache";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$apt_home/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
APT::Get::AllowUnauthenticated "false";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
EOF
    # As root, apt fetches as _apt, which cannot reach a project below a private directory.
    if [ "$(id -u)" = 0 ]; then
        printf 'APT::Sandbox::User "root";\n' >>"$apt_home/apt.conf"
    fi
}

write_sid_source() {
    cat >"$apt_home/sources/sid.sources" <<EOF
Types: deb
URIs: $1
Suites: sid
Components: main
Signed-By: $keyring
EOF
}

# The URI from which a Debian host gets its own release: the nearest mirror, perhaps the only reachable one.
host_mirror() {
    codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null)
    grep -qx 'ID=debian' /etc/os-release 2>/dev/null && [ -n "$codename" ] || return 0
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
        sed -n 's/^deb  *\(\[[^]]*\] *\)\{0,1\}\([^ ]*\)  *'"$codename"' .*/\2/p' | head -n 1
    for file in /etc/apt/sources.list.d/*.sources; do
        [ -r "$file" ] || continue
        awk -v codename="$codename" '
            function flush() { if (uri != "" && index(" " suites " ", " " codename " ")) { print uri; exit } uri = suites = "" }
            /^[ \t]*$/ { flush() }
            /^URIs:/ { uri = $2 }
            /^Suites:/ { sub(/^Suites:[ \t]*/, ""); suites = $0 }
            END { flush() }' "$file" | head -n 1
    done
}

# Builds the prefix beside its place and renames it: it is whole, or not there.
assemble_llama_prefix() {
    new=$STATE/llama.new
    rm -rf "$new"
    mkdir -p "$new"
    while read -r package; do
        dpkg-deb --extract "$apt_home/packages/$package" "$new" ||
            die "$EXIT_UNAVAILABLE" "llama.cpp: $package could not be unpacked"
    done <"$apt_home/wanted"

    # The programs look for the CPU back ends in /usr/lib/…/ggml, which is right inside a sandbox, and beside the
    # running executable, which is the loader when they are started through it.
    for file in "$new/usr/lib/$llama_triplet"/ggml/backends*/libggml-cpu-*.so; do
        ln -s "${file#"$new/usr/lib/$llama_triplet/"}" "$new/usr/lib/$llama_triplet/"
    done
    find "$new/usr/share/doc" -type l -exec rm {} + # some lead to packages that are not needed
    ln -s "usr/lib/$llama_triplet/$llama_loader" "$new/ld.so"
    write_llama_starter
    refuse_foreign_links

    if ! version=$("$new/llama-server" --version 2>&1); then
        printf '%s\n' "$version" >>"$llama_log"
        show_tail "$llama_log"
        die "$EXIT_UNAVAILABLE" "llama.cpp: the unpacked llama-server does not start"
    fi
    {
        printf '%s %s\n' "$LLAMA_LAYOUT" "$(uname -m)"
        cat "$apt_home/wanted"
    } >"$new/stamp"
    rm -rf "$STATE/llama"
    mv "$new" "$STATE/llama"
}

write_llama_starter() {
    cat >"$new/llama-server" <<EOF
#!/bin/sh
# Starts this prefix's llama-server on a host whose own libc is too old for it.
prefix=\$(CDPATH='' cd -- "\$(dirname -- "\$0")" && pwd) || exit
libraries=\$prefix/usr/lib/$llama_triplet
exec "\$prefix/ld.so" --library-path "\$libraries:\$libraries/llama" "\$prefix/usr/bin/llama-server" "\$@"
EOF
    chmod 755 "$new/llama-server"
}

# A link that is absolute or leads nowhere would mean something else once the prefix is a sandbox's /usr.
refuse_foreign_links() {
    foreign=$(find "$new" -type l \( -lname '/*' -o ! -exec test -e {} \; \) -print)
    [ -z "$foreign" ] || die "$EXIT_UNAVAILABLE" "llama.cpp: unexpected links in the packages: $foreign"
}
