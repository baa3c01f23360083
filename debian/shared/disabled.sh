# Confs that the owner has disabled, by renaming or deleting them. dpkg lets them be, unless a new version of the package
# brings a changed one: then it asks, and without a terminal fails. So during an upgrade a disabled conf is present as the
# package had shipped it, which dpkg replaces without a word, and afterwards it is gone again. If the owner had not changed
# the one that was renamed, it becomes that of the new version.

DISABLED="$ROOT/var/backups/lampi.disabled" # names of their programs, some "as shipped", while an upgrade is under way
SHIPPED="$ROOT/usr/share/lampi/conf.d"      # from the older version, until the new one is unpacked

show_disabled_confs() {
    read_conffiles
    for program in $PROGRAMS; do
        conf="$CONF_DIR/$program.conf"
        if ! exists "$conf" && [ -f "$SHIPPED/$program.conf" ] && recorded "$conf"; then
            mkdir -p "$ROOT/var/backups"
            if cmp -s "$SHIPPED/$program.conf" "$conf.disabled"; then
                echo "$program as shipped" >>"$DISABLED"
            else
                echo "$program" >>"$DISABLED"
            fi
            cp -p "$SHIPPED/$program.conf" "$conf"
        fi
    done
}

hide_disabled_confs() {
    [ -f "$DISABLED" ] || return 0
    while read -r program renamed; do
        conf="$CONF_DIR/$program.conf"
        if [ -n "$renamed" ] && [ -f "$conf" ] && [ -f "$conf.disabled" ]; then
            mv "$conf" "$conf.disabled"
        else
            rm -f "$conf"
        fi
    done <"$DISABLED"
    rm -f "$DISABLED"
}
