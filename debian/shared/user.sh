# The user that runs lamp_service and lamp_ui.

PACKAGED_USER='{{ user }}'
LAMP_USER="$PACKAGED_USER" # or whoever is in force: find_user
LAMP_HOME='{{ home }}'     # of the packaged one
USER_CONF="$ROOT{{ user_conf }}"

# Sets LAMP_USER to the user in force: of lampi user, or of the owner's change of our confs. What lies at their places is ours.
find_user() {
    found=
    if is_file "$USER_CONF"; then
        found=$(sed -n 's/^; user: //p' "$USER_CONF")
    else
        for program in {{ programs_of_the_user }}; do
            conf_of "$program"
            if [ -z "$found" ] && is_file "$conf"; then
                found=$(sed -n 's/^[Uu]ser *[=:] *\([^ ;#]*\).*/\1/p' "$conf" | tail -n 1)
            fi
        done
    fi
    if [ -n "$found" ]; then
        LAMP_USER="$found"
    fi
}

# Brings to date what lampi user has generated, and follows a user who was renamed. The program may be one that cannot run
# here, as on a machine that makes an image for another one, or not know this order, as that of 1.0.0; at the next start of
# Supervisor it is done again.
refresh_user() {
    words=$("$ROOT/usr/bin/lampi" user --refresh --root "$ROOT/" 2>/dev/null) || return 0
    if [ -n "$words" ]; then
        printf '%s\n' "$words" | sed 's/^/lampi: /'
    fi
}

# entry passwd|group NAME: its line in that list, or nothing. Below DPKG_ROOT the names of the building machine mean nothing.
entry() {
    if [ -n "$ROOT" ]; then
        grep "^$2:" "$ROOT/etc/$1" || [ $? -eq 1 ]
    else
        getent "$1" "$2" || [ $? -eq 2 ]
    fi
}

# Supervisor refuses to start at all when a conf names a user that does not exist. Another one than ours is its owner's to
# create.
ensure_user() {
    find_user
    [ "$LAMP_USER" = "$PACKAGED_USER" ] || return 0
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
    for group in {{ groups }}; do
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
