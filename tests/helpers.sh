# SPDX-License-Identifier: GPL-3.0-or-later
# fail, equal and await, for all test scripts on this machine, in chroots and in guests.
# shellcheck shell=sh

# fail MESSAGE: prints the message and the output of the function explain, if defined, and exits.
fail() {
    echo "FAIL: $*" >&2
    explain >&2
    exit 1
}

explain() {
    :
}

# equal WHAT EXPECTED FOUND
equal() {
    [ "$2" = "$3" ] || fail "$1: expected '$2', found '$3'"
}

# await WHAT COMMAND...: repeats the command until it succeeds, for at most PATIENCE seconds, 60 by default.
await() {
    what="$1"
    shift
    deadline=$(($(date +%s) + ${PATIENCE:-60}))
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -lt $deadline ] || fail "timed out after ${PATIENCE:-60} s, waiting for: $what"
        sleep 0.1
    done
}
