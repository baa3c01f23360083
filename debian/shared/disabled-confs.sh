# Confs that the owner has disabled: renamed, deleted, or replaced by something else, such as a link to /dev/null. If a
# new version changes a conf that does not exist, dpkg prompts, and fails without a terminal. dpkg would also write to
# the target of a link, and cannot replace what is not a file. So during an upgrade, a disabled conf is present as the
# old version shipped it, which dpkg replaces silently. Afterwards the owner's state is restored. A renamed conf that
# the owner had not changed becomes that of the new version.

# The disabled programs during an upgrade, one a line, followed by "kept" if something else in place of the conf was
# moved to FILE.lampi-kept, or by the checksum of a renamed conf that is as shipped.
DISABLED="$ROOT/var/backups/lampi.disabled"
SHIPPED="$ROOT/usr/share/lampi/conf.d" # the old version's, until the new one is unpacked

show_disabled_confs() {
    read_conffiles
    for program in $PROGRAMS; do
        recorded "$program" || continue
        conf_of "$program"
        shipped="$SHIPPED/$program.conf"
        if exists "$conf" && ! is_file "$conf"; then
            record_disabled "$program kept"
            mv -T "$conf" "$conf.lampi-kept"
        elif exists "$conf" || ! is_file "$shipped"; then
            continue
        elif exists "$conf.lampi-kept"; then
            : # recorded before the script was killed
        else
            read_checksum "$shipped"
            as_shipped="$checksum"
            read_checksum "$conf.disabled"
            if [ "$checksum" = "$as_shipped" ]; then
                record_disabled "$program $checksum"
            else
                record_disabled "$program"
            fi
        fi
        if is_file "$shipped"; then
            write_whole "$conf" <"$shipped"
        fi
    done
}

record_disabled() {
    mkdir -p "$ROOT/var/backups"
    earlier=
    if is_file "$DISABLED"; then
        earlier="$(cat "$DISABLED")$NEWLINE"
    fi
    printf '%s%s\n' "$earlier" "$1" | write_whole "$DISABLED"
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

# read_checksum FILE: sets checksum, to nothing if the file does not exist. Call it outside conditions, where set -e
# does not apply.
read_checksum() {
    checksum=
    if is_file "$1"; then
        checksum=$(md5sum <"$1")
        checksum="${checksum%% *}"
    fi
}
