# Confs that the owner has disabled, by renaming or deleting them, or by something else at their place, such as a link to
# /dev/null. dpkg lets one that is gone be, unless a new version of the package brings a changed one: then it asks, and
# without a terminal fails. Where a link leads it would write, and what is no file it cannot replace. So during an upgrade a
# disabled conf is present as the package had shipped it, which dpkg replaces without a word, and afterwards all is again as
# the owner had it. If the owner had not changed the one that was renamed, it becomes that of the new version.

# Names of their programs while an upgrade is under way; after a name "kept", where something else lies beside its place as
# FILE.lampi-kept, or the checksum of a renamed one that is as shipped.
DISABLED="$ROOT/var/backups/lampi.disabled"
SHIPPED="$ROOT/usr/share/lampi/conf.d" # from the older version, until the new one is unpacked

show_disabled_confs() {
    read_conffiles
    for program in $PROGRAMS; do
        recorded "$program" || continue
        conf_of "$program"
        shipped="$SHIPPED/$program.conf"
        if exists "$conf" && ! is_file "$conf"; then
            note_disabled "$program kept"
            mv -T "$conf" "$conf.lampi-kept"
        elif exists "$conf" || ! is_file "$shipped"; then
            continue
        elif exists "$conf.lampi-kept"; then
            : # noted, and killed then
        else
            read_checksum "$shipped"
            as_shipped="$checksum"
            read_checksum "$conf.disabled"
            if [ "$checksum" = "$as_shipped" ]; then
                note_disabled "$program $checksum"
            else
                note_disabled "$program"
            fi
        fi
        if is_file "$shipped"; then
            write_whole "$conf" <"$shipped"
        fi
    done
}

note_disabled() {
    mkdir -p "$ROOT/var/backups"
    noted=
    if is_file "$DISABLED"; then
        noted="$(cat "$DISABLED")$NEWLINE"
    fi
    printf '%s%s\n' "$noted" "$1" | write_whole "$DISABLED"
}

hide_disabled_confs() {
    is_file "$DISABLED" || return 0
    while read -r program how; do
        conf_of "$program"
        read_checksum "$conf.disabled"
        if [ "$how" = kept ]; then
            if exists "$conf.lampi-kept"; then
                rm -f "$conf"
                mv -T "$conf.lampi-kept" "$conf"
            fi
        elif [ -n "$how" ] && [ "$checksum" = "$how" ] && is_file "$conf"; then
            mv -fT "$conf" "$conf.disabled"
        else
            rm -f "$conf"
        fi
    done <"$DISABLED"
    rm -f "$DISABLED"
}

# read_checksum FILE: sets checksum to it, or to nothing if there is no such file. On its own, as a failure inside of a
# condition goes unnoticed.
read_checksum() {
    checksum=
    if is_file "$1"; then
        checksum=$(md5sum <"$1")
        checksum="${checksum%% *}"
    fi
}
