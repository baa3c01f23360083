# The programs need an ARMv7 or newer processor. For dpkg, a Raspberry Pi 1 is armhf just as a Pi 2.

refuse_old_processor() {
    [ -z "$ROOT" ] || return 0 # the lamp is another machine
    if [ "$(uname -m)" = armv6l ] || grep -qs '(v6l)' /proc/cpuinfo; then
        echo "lampi: this machine has an ARMv6 processor (Raspberry Pi 1 or Zero), on which the lamp's programs" \
            "cannot run; use a Raspberry Pi 2 or newer, or a Zero 2 W" >&2
        exit 1
    fi
}
