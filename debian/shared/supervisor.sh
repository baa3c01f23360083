# Talking to Supervisor.

STOPPED="$ROOT/run/lampi.stopped" # names of programs that are stopped until what stopped them is done or given up

# supervisor COMMAND...: asks Debian's Supervisor. Without -c, supervisorctl would take a supervisord.conf of the folder in which
# apt was called, or that of another Supervisor in /etc.
supervisor() {
    supervisorctl -c /etc/supervisor/supervisord.conf "$@"
}

# Whether we may speak to Supervisor, and it listens. Says why not.
supervisor_listens() {
    if [ -n "$ROOT" ] || ! command -v supervisorctl >/dev/null; then
        say 'Supervisor was not told; it starts the lamp when it starts itself'
        return 1
    fi
    # supervisorctl knows nothing of policy-rc.d, so it is asked here: 104 means that a service may be restarted.
    answer=0
    invoke-rc.d --quiet --query supervisor restart >/dev/null 2>&1 || answer=$?
    if [ "$answer" -ne 104 ]; then
        say 'Supervisor was not told, because services may not be started here; it starts the lamp when it starts itself'
        return 1
    fi
    # It may have been started by the same apt, a moment ago.
    tries=20
    until supervisor pid >/dev/null 2>&1; do
        tries=$((tries - 1))
        if [ "$tries" -eq 0 ] || ! supervisor_runs; then
            say 'Supervisor does not answer; start the lamp with: service supervisor start'
            return 1
        fi
        sleep 0.5
    done
}

# supervisor_runs: there is a process of it, which may only be slow. A second look, because a process that is just becoming
# another program shows no command line at all.
supervisor_runs() {
    grep -qs '[/]supervisord' /proc/[0-9]*/cmdline || { sleep 0.1 && grep -qs '[/]supervisord' /proc/[0-9]*/cmdline; }
}

# Asks Supervisor once for the states of all programs, because each question takes about a second on a small machine.
read_states() {
    states=$(supervisor status 2>/dev/null) || true # its exit status tells that one is not running
}

# state PROGRAM: RUNNING, STOPPED, ..., or nothing when Supervisor does not know it.
state() {
    printf '%s\n' "$states" | sed -n "s/^$1  *\([A-Z]*\).*/\1/p"
}

# process PROGRAM: the number of its process, if it has one.
process() {
    printf '%s\n' "$states" | sed -n "s/^$1  *[A-Z]*  *pid \([0-9]*\),.*/\1/p"
}
