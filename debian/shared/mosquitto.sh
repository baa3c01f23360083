# A file that makes mosquitto send small messages at once. By default it delays a message until the one before is
# acknowledged, which many clients do only after 40 ms. It is not a conffile, because it is not written if the owner's
# configuration has the option.
#
# It takes effect at mosquitto's next start. A reload is useless: neither 2.0.11 nor 2.0.21 applies this option then,
# although mosquitto.conf(5) says so. The lamp's own programs acknowledge at once, so they need no restart of mosquitto.

MOSQUITTO="$ROOT/etc/mosquitto"
NODELAY="$MOSQUITTO/conf.d/00-lampi.conf" # read first, so that a line of a later file takes precedence
NODELAY_SINCE='1.1.0~' # the first version that writes it

nodelay_content() {
    printf '%s\n' \
        '# Written by the package lampi, which removes it on removal. It makes mosquitto send small messages at once.' \
        '# To change that, delete this file, or set the option in a file with a later name.' \
        'set_tcp_nodelay true'
}

# lacks_nodelay VERSION: the version is empty or too old to write the file.
lacks_nodelay() {
    dpkg --compare-versions "$1" lt "$NODELAY_SINCE"
}

# write_nodelay: unless mosquitto's configuration sets the option or does not include the directory. mosquitto need not
# be installed yet.
write_nodelay() {
    ! exists "$NODELAY" || return 0
    lines=
    for file in "$MOSQUITTO/mosquitto.conf" "$MOSQUITTO"/conf.d/*.conf; do
        if is_readable "$file"; then
            lines="$lines$NEWLINE$(sed -n -e '/^[[:space:]]*set_tcp_nodelay\([[:space:]]\|$\)/p' \
                -e '/^[[:space:]]*include_dir[[:space:]]/p' "$file")"
        fi
    done
    case "$lines" in
        *set_tcp_nodelay*) return 0 ;;
        *include_dir*/etc/mosquitto/conf.d*) ;;
        *) ! is_readable "$MOSQUITTO/mosquitto.conf" || return 0 ;;
    esac
    for directory in "$MOSQUITTO" "$MOSQUITTO/conf.d"; do
        exists "$directory" || mkdir -m 0755 "$directory"
        safe=$(find "$directory" -maxdepth 0 -type d -user 0 ! -perm /022)
        if [ -z "$safe" ]; then
            info "${directory#"$ROOT"} is not a directory that only root can write to, so nothing was written there;" \
                "to make mosquitto send small messages at once, add to its configuration: set_tcp_nodelay true"
            return 0
        fi
    done
    nodelay_content | write_whole "$NODELAY" 022
    info "wrote ${NODELAY#"$ROOT"}; after its next start, mosquitto sends small messages at once"
}

# is_readable FILE: a regular file, or a link to one. Below DPKG_ROOT no link, which could lead out of it.
is_readable() {
    [ -f "$1" ] && { [ -z "$ROOT" ] || [ ! -L "$1" ]; }
}

# remove_nodelay CALL: only a purge removes a file that the owner has changed. The owner's own file of that name stays.
remove_nodelay() {
    rm -f "$NODELAY.lampi-new" # of an installation that was killed
    is_file "$NODELAY" || return 0
    content=$(cat "$NODELAY")
    case "$content" in
        '# Written by the package lampi,'*) ;;
        *) return 0 ;;
    esac
    if [ "$1" = purge ] || [ "$content" = "$(nodelay_content)" ]; then
        rm -f "$NODELAY"
        if [ ! -e "$MOSQUITTO/mosquitto.conf" ]; then # mosquitto was never installed
            rmdir --ignore-fail-on-non-empty "$MOSQUITTO/conf.d" "$MOSQUITTO"
        fi
    fi
}
