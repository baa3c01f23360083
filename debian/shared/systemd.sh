# The drop-in by which systemd prepares the start of Supervisor. It is linked to, as systemctl enable does it: in
# /usr/lib/systemd, lintian of bookworm takes it for a service without an init script, and that of trixie no longer knows the
# tag, so that no override suits both.

DROP_IN="$ROOT/etc/systemd/system/supervisor.service.d/lampi.conf"
DROP_IN_TARGET='/{{ drop_in }}'

# link_drop_in: leaves what is in its place, such as a link to /dev/null, and a machine without systemd.
link_drop_in() {
    units="${DROP_IN%/*/*}"
    if [ -d "$units" ] && [ ! -L "$units" ] && ! exists "$DROP_IN"; then
        mkdir -p "${DROP_IN%/*}"
        ln -s "$DROP_IN_TARGET" "$DROP_IN"
    fi
    reload_systemd
}

unlink_drop_in() {
    if [ "$(readlink "$DROP_IN")" = "$DROP_IN_TARGET" ]; then
        rm -f "$DROP_IN"
        rmdir --ignore-fail-on-non-empty "${DROP_IN%/*}"
    fi
    reload_systemd
}

reload_systemd() {
    if [ -z "$ROOT" ] && [ -d /run/systemd/system ]; then
        systemctl --system daemon-reload >/dev/null 2>&1 || true
    fi
}
