# SPDX-License-Identifier: GPL-3.0-or-later
# Functions for the test scripts on this machine. Source it with TOP set to the checkout, or in the checkout.
# shellcheck shell=sh

# shellcheck source=tests/helpers.sh
. "${TOP:-.}/tests/helpers.sh"

# A shell runs its EXIT trap after a signal only if it exits by itself.
trap 'exit 1' HUP INT TERM

CACHE="${LAMPI_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lampi-tests}"
case "$CACHE" in
    /*[\ :,]*) fail "cannot use the cache $CACHE: its path contains a space, a colon or a comma; set LAMPI_TEST_CACHE" ;;
    /*) ;;
    *) fail "LAMPI_TEST_CACHE is $CACHE; it must be an absolute path" ;;
esac

# The mount point for discarded changes of a chroot: a file system in memory, in a separate mount namespace each time.
# shellcheck disable=SC2034 # for those who source this
MEMORY=/run/lampi-tests

# The name of a system is its architecture, plus a hyphen and the release unless that is bookworm: amd64, arm64-trixie.
architecture() {
    echo "${1%%-*}"
}

release() {
    case "$1" in
        *-*) echo "${1#*-}" ;;
        *) echo bookworm ;;
    esac
}

# as_root COMMAND...: runs the command as root, with sudo if necessary.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# remove DIRECTORY...: removes files of root too, but no mounted file systems: an abandoned chroot may still contain
# this machine's /sys.
remove() {
    as_root rm -rf --one-file-system "$@"
}

# retry COMMAND...: repeats the command, because mirrors are sometimes unreachable.
retry() {
    for pause in 5 20 60; do
        if "$@"; then
            return 0
        fi
        echo "retrying in $pause s: $*" >&2
        sleep "$pause" # no event reports that a mirror is available
    done
    "$@"
}

# no_lintian_tags DEB [COMMAND...]: fails if lintian reports a tag of any severity. Runs lintian with the command, if
# any. Programs for armhf are also checked for calls that fail with large files.
no_lintian_tags() {
    package="$1"
    shift
    tags=$("$@" lintian --allow-root --pedantic --display-info --display-experimental "$package") ||
        fail "lintian of $package: $tags"
    equal "lintian tags of $package" '' "$tags"
}

# cached NAME COMMAND...: prints the path of NAME in the cache. If it does not exist, the command creates it at the path
# in its last argument. NAME must identify all inputs. Concurrent callers wait; an unfinished file never gets the name.
cached() {
    place="$CACHE/$1"
    shift
    mkdir -p "$CACHE"
    # Check each step: the shell ignores errors in a condition.
    (
        flock 9 || exit 1
        if [ ! -e "$place" ]; then
            remove "$place.partial" || exit 1
            echo "creating $place" >&2
            "$@" "$place.partial" >&2 9>&- || fail "cannot create $place: $*"
            as_root mv -T "$place.partial" "$place" || exit 1
        fi
    ) 9>>"$place.lock" || exit 1
    # tests/setup removes unused files.
    as_root touch -c "$place" "$place.lock"
    echo "$place"
}
