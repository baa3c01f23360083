# The drop-in that makes systemd prepare the start of Supervisor, linked as by systemctl enable. In /usr/lib/systemd,
# bookworm's lintian would treat it as a service without an init script, and an override does not work because trixie's
# lintian does not have that tag.

DROP_IN="$ROOT/etc/systemd/system/supervisor.service.d/lampi.conf"
DROP_IN_TARGET='/{{ drop_in }}'

# link_drop_in: unless something is in its place, such as a link to /dev/null, or the machine has no systemd.
link_drop_in() {
    units="${DROP_IN%/*/*}"
    if [ -d "$units" ] && [ ! -L "$units" ] && ! exists "$DROP_IN"; then
        mkdir -p "${DROP_IN%/*}"
        ln -s "$DROP_IN_TARGET" "$DROP_IN"
    fi
    reload_systemd
}

unlink_drop_in() {
    if [ -L "$DROP_IN" ]; then
        target=$(readlink "$DROP_IN") # outside a condition, where set -e applies
        if [ "$target" = "$DROP_IN_TARGET" ]; then
            rm -f "$DROP_IN"
            rmdir --ignore-fail-on-non-empty "${DROP_IN%/*}"
        fi
    fi
    reload_systemd
}

reload_systemd() {
    if [ -z "$ROOT" ] && [ -d /run/systemd/system ]; then
        systemctl --system daemon-reload >/dev/null 2>&1 || true
    fi
}
