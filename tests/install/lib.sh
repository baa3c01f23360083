# SPDX-License-Identifier: GPL-3.0-or-later
# Functions for the scenarios, at /lib.sh in their chroot or guest, next to /helpers.sh.
# shellcheck shell=sh

CONFS='fbcp pigpiod lamp_service lamp_ui'
# shellcheck disable=SC2034 # for the scenarios
DEB=$(echo /lampi_*.deb)

# shellcheck source=tests/helpers.sh
. /helpers.sh

# Always for Debian's Supervisor.
supervisorctl() {
    command supervisorctl -c /etc/supervisor/supervisord.conf "$@"
}

# Prints the state of the programs after a failure.
explain() {
    echo '---- Supervisor:'
    supervisorctl status || true
    tail -n 20 /var/log/supervisor/*.log || true
}

start_supervisor() {
    invoke-rc.d supervisor start >/dev/null 2>&1
    await 'Supervisor' supervisorctl pid
}

start_broker() {
    mosquitto -d >/dev/null 2>&1
    await 'mosquitto' mosquitto_pub -t test -m test
}

# apt as on the owner's lamp. Its output is in /apt.log.
apt_get() {
    apt-get --yes --no-install-recommends "$@" </dev/null >/apt.log 2>&1 || {
        cat /apt.log >&2
        fail "apt-get $*"
    }
}

# state PROGRAM...
state() {
    supervisorctl status "$@" | awk '{ print $2 }' | sort -u | tr '\n' ' '
}

is_running() {
    [ "$(state "$@")" = 'RUNNING ' ]
}

await_running() {
    # shellcheck disable=SC2086 # a list of names
    await 'the four programs to run' is_running $CONFS
}

# processes: names of the lamp's processes.
processes() {
    ps -o comm= -C fbcp -C pigpiod -C lamp_service -C lamp_ui || true
}

no_processes() {
    [ -z "$(processes)" ]
}

pid() {
    supervisorctl pid "$1"
}

# order_of_start: the programs in the order in which the running Supervisor first started them.
order_of_start() {
    sed '/supervisord started/h; //!H; $!d; x' /var/log/supervisor/supervisord.log |
        sed -n "s/.*spawned: '\([a-z_]*\)'.*/\1/p" | head -4 | tr '\n' ' '
}

modes() {
    for name in $CONFS; do
        stat --format '%a %U:%G' "/etc/supervisor/conf.d/$name.conf" 2>&1
    done | sort -u
}

# duty: duty cycles of the three LEDs, read from pigpiod by Debian's client.
duty() {
    pigs gdc 19 gdc 26 gdc 13 2>/dev/null | tr '\n' ' '
}

has_duty() {
    [ "$(duty)" = "$1 " ]
}
