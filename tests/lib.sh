# SPDX-License-Identifier: GPL-3.0-or-later
# What the test scripts on this machine share. Source it with TOP set to the checkout, or in it.
# shellcheck shell=sh

# shellcheck source=tests/helpers.sh
. "${TOP:-.}/tests/helpers.sh"

# A shell that a signal ends does not do what it has to do at its EXIT, unless it ends itself.
trap 'exit 1' HUP INT TERM

CACHE="${LAMPI_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lampi-tests}"
case "$CACHE" in
    /*[\ :,]*) fail "the tests cannot use the cache $CACHE, as its path has a blank, a colon or a comma; set LAMPI_TEST_CACHE" ;;
    /*) ;;
    *) fail "LAMPI_TEST_CACHE is $CACHE; it must be an absolute path" ;;
esac

# Where the changes of a chroot are kept that are to be forgotten: a file system in memory is mounted there, each time in a
# mount namespace of its own.
# shellcheck disable=SC2034 # for those who source this
MEMORY=/run/lampi-tests

# The name of a system is its architecture and, if that is not bookworm, a hyphen and its release: amd64, arm64-trixie.
architecture() {
    echo "${1%%-*}"
}

release() {
    case "$1" in
        *-*) echo "${1#*-}" ;;
        *) echo bookworm ;;
    esac
}

# as_root COMMAND...: through sudo where we are not root already.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# remove FOLDER...: what root made too, but nothing that is mounted in it: a chroot that was given up may still hold the
# machine's own /sys.
remove() {
    as_root rm -rf --one-file-system "$@"
}

# retry COMMAND...: mirrors are briefly out of reach now and then.
retry() {
    for pause in 5 20 60; do
        if "$@"; then
            return 0
        fi
        echo "trying again in $pause s: $*" >&2
        sleep "$pause" # no event says that a mirror is back
    done
    "$@"
}

# no_lintian_tags DEB [COMMAND...]: lintian, run through the command if there is one, is silent at its most talkative. In
# programs for armhf it looks for calls that fail with large files, too.
no_lintian_tags() {
    package="$1"
    shift
    tags=$("$@" lintian --allow-root --pedantic --display-info --display-experimental "$package") ||
        fail "lintian of $package: $tags"
    equal "lintian tags of $package" '' "$tags"
}

# cached NAME COMMAND...: prints the path of NAME in the cache. If it is not there, the command makes it, at the path
# that it gets as its last argument. The name has to say what it is made from. Who asks for it meanwhile waits; what
# was not finished never gets the name.
cached() {
    place="$CACHE/$1"
    shift
    mkdir -p "$CACHE"
    # Each step is checked: the shell goes on after errors in what is part of a condition.
    (
        flock 9 || exit 1
        if [ ! -e "$place" ]; then
            remove "$place.partial" || exit 1
            echo "making $place" >&2
            "$@" "$place.partial" >&2 9>&- || fail "cannot make $place: $*"
            as_root mv -T "$place.partial" "$place" || exit 1
        fi
    ) 9>>"$place.lock" || exit 1
    # tests/setup removes what was not used for long.
    as_root touch -c "$place" "$place.lock"
    echo "$place"
}
