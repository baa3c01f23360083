# Confs that the owner has disabled, by renaming or deleting them. dpkg lets them be, unless a new version of the package
# brings a changed one: then it asks, and without a terminal fails. So during an upgrade a disabled conf is present as the
# package had shipped it, which dpkg replaces without a word, and afterwards it is gone again.

DISABLED="$ROOT/var/backups/lampi.disabled" # names of their programs, while an upgrade is under way
SHIPPED="$ROOT/usr/share/lampi/conf.d"      # from the older version, until the new one is unpacked

show_disabled_confs() {
    read_conffiles
    for program in $PROGRAMS; do
        conf="$CONF_DIR/$program.conf"
        if ! exists "$conf" && [ -f "$SHIPPED/$program.conf" ] && recorded "$conf"; then
            mkdir -p "$ROOT/var/backups"
            echo "$program" >>"$DISABLED"
            cp -p "$SHIPPED/$program.conf" "$conf"
        fi
    done
}

hide_disabled_confs() {
    [ -f "$DISABLED" ] || return 0
    while read -r program; do
        rm -f "$CONF_DIR/$program.conf"
    done <"$DISABLED"
    rm -f "$DISABLED"
}
