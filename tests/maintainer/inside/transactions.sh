# SPDX-License-Identifier: GPL-3.0-or-later
# Transactions of dpkg that use every call form of the maintainer scripts.
# shellcheck shell=sh

# Name, initial layer, final status of the package ("absent": not in dpkg's database), command, and the calls that fail,
# as labels of /t/call.
TRANSACTIONS='
install               by-hand installed       install 2 |
install-fails         by-hand absent          install 2 | 2 preinst install
install-cannot-unpack by-hand absent          squat install 3 |
configure-fails       by-hand half-configured install 2 | 2 postinst configure
upgrade               old     installed       install 2 |
reinstall             old     installed       install 1 |
downgrade             new     installed       install 1 |
upgrade-fails         old     installed       install 2 | 2 preinst upgrade
upgrade-cannot-unpack old     installed       squat install 3 |
prerm-fails           old     installed       install 2 | 1 prerm upgrade
prerm-fails-twice     old     installed       install 2 | 1 prerm upgrade;2 prerm failed-upgrade
postrm-fails          old     installed       install 2 | 1 postrm upgrade
postrm-fails-twice    old     installed       install 2 | 1 postrm upgrade;2 postrm failed-upgrade
remove                old     config-files    remove |
remove-fails          old     installed       remove | 1 prerm remove
purge                 old     absent          purge |
purge-removed         removed absent          purge |
install-removed       removed installed       install 2 |
install-removed-fails removed config-files    install 2 | 2 preinst install
rival                 old     config-files    other rival |
rival-fails           old     installed       others-fail other rival |
rival-prerm-fails     old     installed       other rival | 1 prerm remove
breaker               old     half-configured other breaker |
breaker-fails         old     installed       others-fail other breaker |
breaker-prerm-fails   old     installed       other breaker | 1 prerm deconfigure
disappear             old     absent          other eater |
'

# transaction NAME: runs it. Only the resulting state of the machine matters, not the exit status.
transaction() {
    line=$(echo "$TRANSACTIONS" | grep "^$1 ")
    echo "$line" | sed 's/.*| *//' | tr ';' '\n' >/t/fail
    # shellcheck disable=SC2046 # a list of words
    perform $(echo "${line%%|*}" | awk '{ $1 = $2 = $3 = ""; print }')
    rm -f /t/fail /t/others-fail
}

perform() {
    case "$1" in
        squat)
            dpkg --install /t/squatter.deb >/dev/null 2>&1
            shift
            perform "$@"
            ;;
        others-fail)
            touch /t/others-fail
            shift
            perform "$@"
            ;;
        install) quiet_dpkg --install "/t/$2.deb" ;;
        other) quiet_dpkg --auto-deconfigure --force-overwrite --install "/t/$2.deb" ;;
        *) quiet_dpkg "--$1" lampi ;;
    esac
}

# quiet_dpkg ARGUMENTS...: without a terminal, with output in /t/log.
quiet_dpkg() {
    PATH="/t/shims:$PATH" dpkg "$@" </dev/null >>/t/log 2>&1 || true
}

status() {
    dpkg-query --show --showformat '${db:Status-Status}\n' lampi 2>/dev/null | sed 's/^not-installed$//' | grep . || echo absent
}

# snapshot: all files that concern the package, its scripts and its owner, with type, mode, owner, path, target of a
# link, and checksum.
snapshot() {
    relevant ! -type d -printf '%M %u:%g %p %l\n' | sort
    relevant -type f -print0 | sort --zero-terminated | xargs -0 md5sum
    find /var/lib/lampi /etc/lampi /usr/share/lampi -type d -printf '%M %u:%g %p\n' 2>/dev/null | sort
    echo "status $(status)"
}

relevant() {
    find /etc /usr/bin /usr/share/lampi /usr/libexec/lampi /usr/share/man/man1 /usr/share/man/man8 /usr/share/doc/lampi /var/lib/lampi /var/log/supervisor /var/backups /run \
        -regextype posix-extended ! -regex '/etc/(passwd|shadow|group|gshadow|subuid|subgid)-?|/run/(supervisor|pigpio|mosquitto|lock|lampi-pigpiod).*|.*/log/supervisor/(supervisord|mine).*' \
        "$@" 2>/dev/null
}
