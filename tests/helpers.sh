# SPDX-License-Identifier: GPL-3.0-or-later
# fail, equal and await, for all scripts of the tests: those that run on this machine, in chroots and in guests.
# shellcheck shell=sh

# fail MESSAGE: ends the script. What the function explain prints, where the script defines one, comes after the message.
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

# await WHAT COMMAND...: repeats the command until it succeeds, for PATIENCE seconds at most, or a minute.
await() {
    what="$1"
    shift
    deadline=$(($(date +%s) + ${PATIENCE:-60}))
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -lt $deadline ] || fail "timed out after ${PATIENCE:-60} s, waiting for $what"
        sleep 0.1
    done
}
