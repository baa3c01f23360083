# Backups of the owner's files that are in the way. One is kept as FILE.dpkg-bak, which neither cron (no dots in names) nor
# systemd (*.service) nor Supervisor (*.conf) reads.
#
# From preinst to the end of postinst a journal tells what was backed up, in lines of HOW, FILE and BACKUP with tabs between:
# "moved", or, by lampi take-over, "replaced" by what is left of it. While there is one, an installation is under way; if it
# is given up, everything goes back to its place. It lies where nobody but root can write, because root acts on it.

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

# can_be_noted FILE: the journal has no room for a tab or the end of a line in a name.
can_be_noted() {
    case "$1" in
        *"$TAB"* | *"$NEWLINE"*) return 1 ;;
    esac
}

# name_backup FILE: sets backup to the first of FILE.dpkg-bak and FILE.dpkg-bak.N that is free or a second name of the
# file already, and notes it in the journal: before anything happens, so that nothing is lost when the script is killed.
name_backup() {
    backup="$1.dpkg-bak"
    number=1
    while exists "$backup" && ! same_file "$1" "$backup"; do
        backup="$1.dpkg-bak.$number"
        number=$((number + 1))
    done
    # A full disk may have cut the last line short.
    if [ -n "$(tail -c 1 "$JOURNAL")" ]; then
        echo >>"$JOURNAL"
    fi
    printf 'moved\t%s\t%s\n' "${1#"$ROOT"}" "${backup#"$ROOT"}" >>"$JOURNAL"
}

# same_file A B: two names of one file, which is not opened.
same_file() {
    [ "$(stat --format %d:%i "$1")" = "$(stat --format %d:%i "$2")" ]
}

# back_up FILE
back_up() {
    if ! can_be_noted "$1"; then
        say "${1#"$ROOT"} was left alone, because its name has a tab or the end of a line in it; please remove it yourself"
        return 0
    fi
    name_backup "$1"
    mv -T "$1" "$backup"
    say "disabled ${1#"$ROOT"}; it is kept as ${backup#"$ROOT"}"
}

# restore_backups: of an installation that is given up.
restore_backups() {
    installing || return 0
    while IFS="$TAB" read -r how file backup; do
        [ -n "$backup" ] || continue # cut short by a full disk
        # A file that came to the place of a moved one since then is newer.
        if exists "$ROOT$backup" && { [ "$how" = replaced ] || ! exists "$ROOT$file"; }; then
            mv -fT "$ROOT$backup" "$ROOT$file"
            say "put $file back"
        fi
    done <"$JOURNAL"
    end_installation
}
