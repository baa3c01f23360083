# Backups of the owner's files that are in the way, as FILE.dpkg-bak, which neither cron (no dots in names) nor systemd
# (*.service) nor Supervisor (*.conf) reads.
#
# From preinst to the end of postinst a journal lists the backups, in lines of HOW, FILE and BACKUP separated by tabs.
# HOW is "moved", or "replaced" if lampi take-over has edited the file. The journal exists during an installation. If
# the installation is aborted, all files are restored. Only root can write to its directory, because root acts on it.

JOURNAL="$ROOT/var/backups/lampi.installation"
TAB=$(printf '\t')
NEWLINE='
'

begin_installation() {
    mkdir -p "$ROOT/var/backups"
    touch "$JOURNAL"
}

installing() {
    [ -e "$JOURNAL" ]
}

end_installation() {
    rm -f "$JOURNAL"
}

# can_be_recorded FILE: the journal cannot represent a name with a tab or a line end.
can_be_recorded() {
    case "$1" in
        *"$TAB"* | *"$NEWLINE"*) return 1 ;;
    esac
}

# name_backup FILE: sets backup to the first of FILE.dpkg-bak and FILE.dpkg-bak.N that is free or a hard link of the
# file. Records it in the journal before anything happens, so that nothing is lost if the script is killed.
name_backup() {
    backup="$1.dpkg-bak"
    number=1
    while exists "$backup" && ! same_file "$1" "$backup"; do
        backup="$1.dpkg-bak.$number"
        number=$((number + 1))
    done
    # A full disk may have truncated the last line.
    if [ -n "$(tail -c 1 "$JOURNAL")" ]; then
        echo >>"$JOURNAL"
    fi
    printf 'moved\t%s\t%s\n' "${1#"$ROOT"}" "${backup#"$ROOT"}" >>"$JOURNAL"
}

# same_file A B: they are hard links of one file. Does not open it, because it may be a pipe.
same_file() {
    [ "$(stat --format %d:%i "$1")" = "$(stat --format %d:%i "$2")" ]
}

# back_up FILE
back_up() {
    if ! can_be_recorded "$1"; then
        info "cannot back up ${1#"$ROOT"}, because its name contains a tab or a line end; remove it manually"
        return 0
    fi
    name_backup "$1"
    mv -T "$1" "$backup"
    info "disabled ${1#"$ROOT"}; it is kept as ${backup#"$ROOT"}"
}

# restore_backups: after an aborted installation.
restore_backups() {
    installing || return 0
    while IFS="$TAB" read -r how file backup; do
        [ -n "$backup" ] || continue # truncated by a full disk
        # A file that has replaced a moved one is newer.
        if exists "$ROOT$backup" && { [ "$how" = replaced ] || ! exists "$ROOT$file"; }; then
            mv -fT "$ROOT$backup" "$ROOT$file"
            info "restored $file"
        fi
    done <"$JOURNAL"
    end_installation
}
