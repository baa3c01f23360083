# The user that runs lamp_service and lamp_ui.

LAMP_USER='{{ user }}'
LAMP_HOME='{{ home }}'

# entry passwd|group NAME: its line in that list, or nothing. Below DPKG_ROOT the names of the building machine mean nothing.
entry() {
    if [ -n "$ROOT" ]; then
        grep "^$2:" "$ROOT/etc/$1" || [ $? -eq 1 ]
    else
        getent "$1" "$2" || [ $? -eq 2 ]
    fi
}

# Supervisor refuses to start at all when a conf names a user that does not exist.
ensure_user() {
    account=$(entry passwd "$LAMP_USER")
    [ -z "$account" ] || return 0
    command -v useradd >/dev/null || return 0 # before passwd is unpacked; postinst comes back to it
    set -- --home-dir "$LAMP_HOME" --shell /bin/bash --comment LAMPI # no password, so nobody can log in with one
    # Who deletes a user leaves its group behind if somebody else is in it.
    left=$(entry group "$LAMP_USER")
    if [ -n "$left" ]; then
        set -- "$@" --gid "$LAMP_USER"
    else
        set -- "$@" --user-group
    fi
    # Below DPKG_ROOT a link on the way would lead out of there.
    if [ -n "$ROOT" ] && home_is_elsewhere; then
        status=12
        useradd --prefix "$ROOT/" --no-create-home "$@" "$LAMP_USER"
    else
        status=0
        useradd --prefix "$ROOT/" --create-home "$@" "$LAMP_USER" || status=$?
    fi
    case $status in
        0) ;;
        # All but the home is there.
        12) say "the home $LAMP_HOME was not created; on the lamp, say: sudo install -d -o $LAMP_USER -g $LAMP_USER $LAMP_HOME" ;;
        *) return $status ;;
    esac
    say "created the user $LAMP_USER, locked: it has no password"
    join_groups
}

# home_is_elsewhere: it is a link, or below one.
home_is_elsewhere() {
    path="$LAMP_HOME"
    while [ -n "$path" ]; do
        [ ! -L "$ROOT$path" ] || return 0
        path="${path%/*}"
    done
    return 1
}

# The screen belongs to video and render, touch to input, the pins to gpio: those of them that this system has.
join_groups() {
    for group in video input gpio render; do
        line=$(entry group "$group")
        if [ -n "$line" ] && ! is_member "$group" "${line##*:}"; then
            usermod --prefix "$ROOT/" --append --groups "$group" "$LAMP_USER"
            say "added the user $LAMP_USER to the group $group"
        fi
    done
}

# is_member GROUP MEMBERS: the whole name counts, because input-remapper is not input.
is_member() {
    case ",$2," in
        *",$LAMP_USER,"*) return 0 ;;
    esac
    [ -z "$ROOT" ] || return 1
    case " $(id -nG "$LAMP_USER") " in
        *" $1 "*) return 0 ;;
        *) return 1 ;;
    esac
}
