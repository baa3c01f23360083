# The programs need an ARMv7 or newer processor. dpkg cannot tell: to it a Raspberry Pi 1 is armhf, as a Pi 2 is.

refuse_old_processor() {
    [ -z "$ROOT" ] || return 0 # the processor of this machine is not the lamp's
    if [ "$(uname -m)" = armv6l ] || grep -qs '(v6l)' /proc/cpuinfo; then
        echo "lampi: the processor of this machine is an ARMv6, as in a Raspberry Pi 1 or Zero, on which the lamp's programs" \
            "cannot run; use a Raspberry Pi 2 or newer, or a Zero 2 W" >&2
        exit 1
    fi
}
