# What the set-up made by hand has started and still runs. It is ended where it would fight with ours: if it runs a
# program of the lamp, not under Supervisor, and holds what only one can have: pigpiod's lock, the panel's framebuffer, a
# connection to the broker, where a second client of that name throws out the first.

end_old_processes() {
    ended=
    ours=$(supervisorctl pid)
    # Few come into question; to look at all of them would take a small machine long.
    candidates=$(grep -Elas 'fbcp|pigpiod|[Ll]amp|main\.py' /proc/[0-9]*/cmdline) || true
    for file in $candidates; do
        process="${file%/cmdline}"
        pid="${process#/proc/}"
        # It can end at any time.
        command=$(tr '\0\n' '  ' <"$process/cmdline") 2>/dev/null || continue
        name=$(echo "$command" | awk -v folder="$(readlink "$process/cwd" 2>/dev/null)" "$LAMP_PROGRAM"' { print lamp_program($0, folder) }')
        if [ -n "$name" ] && is_here "$pid" && ! descends "$pid" "$ours"; then
            holds "$pid" "$name" || continue
            kill "$pid" 2>/dev/null || continue
            say "ended $name (process $pid), which had been started by hand and held $thing"
            ended="$ended $pid"
        fi
    done
    tries=25
    for pid in $ended; do
        while [ -e "/proc/$pid" ] && [ $tries -gt 0 ]; do
            sleep 0.2
            tries=$((tries - 1))
        done
        kill -KILL "$pid" 2>/dev/null || true
    done
}

# is_here PID: it sees the same file system, so it is no process outside a chroot.
is_here() {
    [ "$(stat --dereference --format %d:%i "/proc/$1/root/" 2>/dev/null)" = "$(stat --format %d:%i /)" ]
}

# descends PID ANCESTOR
descends() {
    parent="$1"
    while [ "${parent:-0}" -gt 1 ]; do
        [ "$parent" != "$2" ] || return 0
        parent=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$parent/status" 2>/dev/null) || true
    done
    return 1
}

# holds PID PROGRAM: sets thing to what it holds.
holds() {
    case "$2" in
        pigpiod)
            thing=/run/pigpio.pid
            [ "$(tr -dc 0-9 2>/dev/null <$thing)" = "$1" ]
            ;;
        fbcp)
            thing=$(sed -n 's|.* \(/dev/fb[0-9]*\)$|\1|p' "/proc/$1/maps" 2>/dev/null | tail -n 1)
            [ -n "$thing" ]
            ;;
        *)
            thing='a connection to the broker'
            # Established, to port 1883: rows of their inode, which the process has as a socket.
            inodes=$(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk '$4 == "01" && $3 ~ /:075B$/ { print $10 }')
            for inode in $inodes; do
                for descriptor in "/proc/$1/fd"/*; do
                    if [ "$(readlink "$descriptor" 2>/dev/null)" = "socket:[$inode]" ]; then
                        return 0
                    fi
                done
            done
            return 1
            ;;
    esac
}
