# The owner's files that are in the way. One is "set aside" by keeping it as FILE.dpkg-bak, which neither cron (no dots
# in names) nor systemd (*.service) nor Supervisor (*.conf) reads.
#
# From preinst to the end of postinst a journal tells what was set aside, in lines of HOW, FILE and BACKUP with tabs
# between: "moved", or "replaced" by what is left of it. While there is one, an installation is under way; if it is given
# up, everything goes back to its place. It lies where nobody but root can write, because root acts on it.

JOURNAL="$ROOT/var/backups/lampi.installation"
TAB=$(printf '\t')

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

# name_backup HOW FILE: sets backup to the first of FILE.dpkg-bak and FILE.dpkg-bak.N that is free or has the same content
# already, and notes it in the journal: before anything happens, so that nothing is lost when the script is killed.
name_backup() {
    backup="$2.dpkg-bak"
    number=1
    while exists "$backup" && ! cmp -s "$2" "$backup"; do
        backup="$2.dpkg-bak.$number"
        number=$((number + 1))
    done
    echo "$1$TAB${2#"$ROOT"}$TAB${backup#"$ROOT"}" >>"$JOURNAL"
}

# set_aside FILE
set_aside() {
    name_backup moved "$1"
    mv "$1" "$backup"
    say "took ${1#"$ROOT"} out of action; it is kept as ${backup#"$ROOT"}"
}

# replace FILE WHY: FILE.lampi-new takes its place; the old one is kept as it was.
replace() {
    name_backup replaced "$1"
    exists "$backup" || ln "$1" "$backup"
    mv "$1.lampi-new" "$1"
    say "$2; it is kept as it was in ${backup#"$ROOT"}"
}

# put_back: what an installation that is given up had set aside.
put_back() {
    installing || return 0
    while IFS="$TAB" read -r how file backup; do
        # A file that came to the place of a moved one since then is newer.
        if exists "$ROOT$backup" && { [ "$how" = replaced ] || ! exists "$ROOT$file"; }; then
            mv -f "$ROOT$backup" "$ROOT$file"
            say "put $file back"
        fi
    done <"$JOURNAL"
    end_installation
}
