# Shared by all maintainer scripts. The builder includes it, because the package's own files may not exist while it is
# being unpacked or removed.

PROGRAMS='{{ programs }}' # in the order in which they start
ROOT="${DPKG_ROOT:-}"

# Not echo, which interprets a backslash in a file name.
info() {
    printf 'lampi: %s\n' "$*"
}

unknown_call() {
    info "$(basename "$0") called with unknown arguments '$*'" >&2
    exit 1
}

exists() {
    [ -e "$1" ] || [ -L "$1" ]
}

# is_file FILE: a regular file, not a link, whose target others may be able to change.
is_file() {
    [ -f "$1" ] && [ ! -L "$1" ]
}

# write_whole FILE [UMASK]: replaces the file atomically by the standard input, readable for root only by default. If
# that fails, as on a full disk, nothing is changed.
write_whole() {
    rm -f "$1.lampi-new"
    (umask "${2:-077}" && cat >"$1.lampi-new") && mv -fT "$1.lampi-new" "$1" && return 0
    rm -f "$1.lampi-new"
    return 1
}
