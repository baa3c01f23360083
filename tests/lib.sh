# SPDX-License-Identifier: GPL-3.0-or-later
# What the shell parts of the tests share. Source it with TOP set to the checkout.
# shellcheck shell=sh

CACHE="${LAMPI_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lampi-tests}"
export CACHE

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

# as_root COMMAND...: through sudo where we are not root already.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# retry COMMAND...: mirrors are briefly out of reach now and then.
retry() {
    for pause in 5 20 60; do
        if "$@"; then
            return 0
        fi
        echo "trying again in $pause s: $*" >&2
        sleep "$pause" # nothing here tells when a mirror is back
    done
    "$@"
}

# await SECONDS WHAT COMMAND...: until the command succeeds.
await() {
    deadline=$(($(date +%s) + $1))
    what="$2"
    shift 2
    until "$@" >/dev/null 2>&1; do
        if [ "$(date +%s)" -ge "$deadline" ]; then
            fail "waited in vain for $what"
        fi
        sleep 0.1
    done
}

# equal WHAT EXPECTED FOUND
equal() {
    if [ "$2" != "$3" ]; then
        fail "$1: expected '$2', found '$3'"
    fi
}
