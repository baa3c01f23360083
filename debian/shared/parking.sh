# The confs of a removed package. Until it is purged they have to stay, with the owner's changes, but Supervisor would
# go on trying to run programs that are gone. So they are "parked" as FILE.lampi-removed.

CONF_DIR="$ROOT/etc/supervisor/conf.d"

park_confs() {
    for program in $PROGRAMS; do
        conf="$CONF_DIR/$program.conf"
        if [ -e "$conf" ] || [ -L "$conf" ]; then
            mv "$conf" "$conf.lampi-removed"
        fi
    done
}

unpark_confs() {
    for program in $PROGRAMS; do
        conf="$CONF_DIR/$program.conf"
        if [ -e "$conf.lampi-removed" ] || [ -L "$conf.lampi-removed" ]; then
            # A file of that name that came since is not ours.
            if [ -e "$conf" ] || [ -L "$conf" ]; then
                set_aside "$conf"
            fi
            mv "$conf.lampi-removed" "$conf"
        fi
    done
}
