# The owner's files that are in the way. One is "set aside" by keeping it as FILE.dpkg-bak, which neither cron (no dots
# in names) nor Supervisor (*.conf only) reads.

# set_aside FILE: keeps it as FILE.dpkg-bak, or as the first free FILE.dpkg-bak.N.
set_aside() {
    backup="$1.dpkg-bak"
    number=1
    while [ -e "$backup" ] || [ -L "$backup" ]; do
        backup="$1.dpkg-bak.$number"
        number=$((number + 1))
    done
    mv "$1" "$backup"
    say "took ${1#"$ROOT"} out of action; it is kept as ${backup#"$ROOT"}"
}
