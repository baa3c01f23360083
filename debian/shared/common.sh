# What every maintainer script needs; the builder includes it, because a package that is being unpacked or removed
# has no files of its own to rely on.

PROGRAMS='{{ programs }}' # in the order in which they start
ROOT="${DPKG_ROOT:-}"

# By printf, because echo takes a backslash in the name of a file for an order.
say() {
    printf 'lampi: %s\n' "$*"
}

unknown_call() {
    say "$(basename "$0") does not know the call '$*'" >&2
    exit 1
}

exists() {
    [ -e "$1" ] || [ -L "$1" ]
}

# is_file FILE: a regular file itself. A link may lead to what others can write, and a pipe would keep its reader waiting.
is_file() {
    [ -f "$1" ] && [ ! -L "$1" ]
}

# write_whole FILE [UMASK]: writes what comes in, in place of what is there, for root only if there is no umask. If that fails,
# as on a full disk, all is as it was.
write_whole() {
    rm -f "$1.lampi-new"
    (umask "${2:-077}" && cat >"$1.lampi-new") && mv -fT "$1.lampi-new" "$1" && return 0
    rm -f "$1.lampi-new"
    return 1
}
