# Access to Supervisor.

STOPPED="$ROOT/run/lampi.stopped" # programs that a script has stopped, to be started again if it is killed or aborted

# supervisor COMMAND...: runs supervisorctl for Debian's Supervisor. Without -c it would read a supervisord.conf in
# apt's working directory, or another Supervisor's in /etc.
supervisor() {
    supervisorctl -c /etc/supervisor/supervisord.conf "$@"
}

# Whether Supervisor may be called and responds. Prints why not.
supervisor_listens() {
    if [ -n "$ROOT" ] || ! command -v supervisorctl >/dev/null; then
        info 'Supervisor was not notified; it starts the lamp at its next start'
        return 1
    fi
    # supervisorctl does not check policy-rc.d. 104 means that a service may be restarted.
    answer=0
    invoke-rc.d --quiet --query supervisor restart >/dev/null 2>&1 || answer=$?
    if [ "$answer" -ne 104 ]; then
        info 'Supervisor was not notified, because no service may be started here; it starts the lamp at its next start'
        return 1
    fi
    # The same apt may just have started it.
    tries=20
    until supervisor pid >/dev/null 2>&1; do
        tries=$((tries - 1))
        if [ "$tries" -eq 0 ] || ! supervisor_runs; then
            info 'Supervisor does not respond; to start the lamp, run as root: service supervisor start'
            return 1
        fi
        sleep 0.5
    done
}

# supervisor_runs: a process of it exists, which may only be slow. Checked twice, because a process has no command line
# during an exec.
supervisor_runs() {
    grep -qs '[/]supervisord' /proc/[0-9]*/cmdline || { sleep 0.1 && grep -qs '[/]supervisord' /proc/[0-9]*/cmdline; }
}

# Reads the states of all programs at once, because each call takes about a second on a small machine.
read_states() {
    states=$(supervisor status 2>/dev/null) || true # it fails if a program is not running
}

# state PROGRAM: RUNNING, STOPPED, ..., or nothing if Supervisor does not have it.
state() {
    printf '%s\n' "$states" | sed -n "s/^$1  *\([A-Z]*\).*/\1/p"
}

# process PROGRAM: its process ID, if it runs.
process() {
    printf '%s\n' "$states" | sed -n "s/^$1  *[A-Z]*  *pid \([0-9]*\),.*/\1/p"
}
