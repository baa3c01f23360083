# A file by which mosquitto sends each small message at once. As Debian sets it, mosquitto holds one back until the one before
# is acknowledged, which many clients do only after 40 ms. It is no conffile, because it is not written where its owner has
# the line already.
#
# A reload of mosquitto would be of no use: mosquitto.conf(5) says that it takes this option over, but neither 2.0.11 nor
# 2.0.21 does, be it for old connections or for new ones. mosquitto follows the file when it starts next. The lamp's own
# programs need not wait for that, because they acknowledge at once.

MOSQUITTO="$ROOT/etc/mosquitto"
NODELAY="$MOSQUITTO/conf.d/00-lampi.conf" # read first, so that a line of a later file takes precedence
NODELAY_SINCE='1.1.0~' # the first version that writes it

nodelay_content() {
    printf '%s\n' \
        '# Written by the package lampi, which removes this file when it is removed. mosquitto sends small messages at once by it.' \
        '# To change that, delete this file, or write another line into a file whose name comes later.' \
        'set_tcp_nodelay true'
}

# lacks_nodelay VERSION: is too old to write it, or nothing.
lacks_nodelay() {
    dpkg --compare-versions "$1" lt "$NODELAY_SINCE"
}

# write_nodelay: unless a file says already what mosquitto should do, or mosquitto does not read the directory. mosquitto need
# not be there yet.
write_nodelay() {
    ! exists "$NODELAY" || return 0
    lines=
    for file in "$MOSQUITTO/mosquitto.conf" "$MOSQUITTO"/conf.d/*.conf; do
        if is_readable "$file"; then
            lines="$lines$NEWLINE$(sed -n '/^[[:space:]]*set_tcp_nodelay\([[:space:]]\|$\)/p; /^[[:space:]]*include_dir[[:space:]]/p' "$file")"
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
            say "${directory#"$ROOT"} is not a directory that only root can write to, so nothing was written there;" \
                "to have mosquitto send small messages at once, add the line: set_tcp_nodelay true"
            return 0
        fi
    done
    nodelay_content | write_whole "$NODELAY" 022
    say "wrote ${NODELAY#"$ROOT"}, so that mosquitto sends small messages at once from its next start on"
}

# is_readable FILE: a regular file, also by a link, but by none that leads out of another root.
is_readable() {
    [ -f "$1" ] && { [ -z "$ROOT" ] || [ ! -L "$1" ]; }
}

# remove_nodelay CALL: only a purge removes a file that its owner has changed. Another one stays.
remove_nodelay() {
    rm -f "$NODELAY.lampi-new" # of an installation that was killed
    is_file "$NODELAY" || return 0
    case "$(head -n 1 "$NODELAY")" in
        '# Written by the package lampi,'*) ;;
        *) return 0 ;;
    esac
    content=$(cat "$NODELAY")
    if [ "$1" = purge ] || [ "$content" = "$(nodelay_content)" ]; then
        rm -f "$NODELAY"
        if [ ! -e "$MOSQUITTO/mosquitto.conf" ]; then # there has never been a mosquitto
            rmdir --ignore-fail-on-non-empty "$MOSQUITTO/conf.d" "$MOSQUITTO"
        fi
    fi
}
