# The user that runs lamp_service and lamp_ui.

LAMP_USER='{{ user }}'
LAMP_HOME='{{ home }}'

# Supervisor refuses to start at all when a conf names a user that does not exist.
ensure_user() {
    if [ -z "$ROOT" ] && getent passwd "$LAMP_USER" >/dev/null; then
        return 0
    fi
    command -v useradd >/dev/null || return 0 # before passwd is unpacked; postinst comes back to it
    # No password is set, so nobody can log in with one.
    status=0
    useradd --prefix "$ROOT/" --create-home --home-dir "$LAMP_HOME" --user-group --shell /bin/bash \
        --comment LAMPI "$LAMP_USER" || status=$?
    case $status in
        0) say "created the user $LAMP_USER, locked: it has no password" ;;
        9) return 0 ;; # it exists already (below DPKG_ROOT)
        *) return $status ;;
    esac
    join_groups
}

# The screen belongs to video and render, touch to input, the pins to gpio: those of them that this system has.
join_groups() {
    for group in video input gpio render; do
        if [ -n "$ROOT" ]; then
            usermod --prefix "$ROOT/" --append --groups "$group" "$LAMP_USER" 2>/dev/null || true
        elif getent group "$group" >/dev/null && ! id -nG "$LAMP_USER" | grep -qw "$group"; then
            usermod --append --groups "$group" "$LAMP_USER"
            say "added the user $LAMP_USER to the group $group"
        fi
    done
}
