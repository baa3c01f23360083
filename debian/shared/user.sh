# The user that runs lamp_service and lamp_ui.

PACKAGED_USER='{{ user }}'
LAMP_USER="$PACKAGED_USER" # or the one that find_user finds
LAMP_HOME='{{ home }}'     # of the packaged user
USER_CONF="$ROOT{{ user_conf }}"

# Sets LAMP_USER to the user set by lampi user, or else in the confs, which are the package's at this point.
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

# Updates the files that lampi user generates, for example after a user was renamed. lampi may not run here (an image
# for another architecture), or not have this option (1.0.0). The drop-in runs it again at each start of Supervisor.
refresh_user() {
    output=$("$ROOT/usr/bin/lampi" user --refresh --root "$ROOT/" 2>/dev/null) || return 0
    if [ -n "$output" ]; then
        printf '%s\n' "$output" | sed 's/^/lampi: /'
    fi
}

# entry passwd|group NAME: its line in that database, or nothing. Below DPKG_ROOT, in the files there.
entry() {
    if [ -n "$ROOT" ]; then
        grep "^$2:" "$ROOT/etc/$1" || [ $? -eq 1 ]
    else
        getent "$1" "$2" || [ $? -eq 2 ]
    fi
}

# Creates the packaged user, because Supervisor does not start if a conf names a user that does not exist. Another user
# is the owner's to create.
ensure_user() {
    find_user
    [ "$LAMP_USER" = "$PACKAGED_USER" ] || return 0
    account=$(entry passwd "$LAMP_USER")
    [ -z "$account" ] || return 0
    command -v useradd >/dev/null || return 0 # passwd is not unpacked yet; postinst tries again
    set -- --home-dir "$LAMP_HOME" --shell /bin/bash --comment LAMPI # without a password
    # The removal of a user leaves its group if another user is in it.
    left=$(entry group "$LAMP_USER")
    if [ -n "$left" ]; then
        set -- "$@" --gid "$LAMP_USER"
    else
        set -- "$@" --user-group
    fi
    # Below DPKG_ROOT a link in the path could lead out of it.
    if [ -n "$ROOT" ] && home_is_elsewhere; then
        status=12
        useradd --prefix "$ROOT/" --no-create-home "$@" "$LAMP_USER"
    else
        status=0
        useradd --prefix "$ROOT/" --create-home "$@" "$LAMP_USER" || status=$?
    fi
    case $status in
        0) ;;
        # Everything except the home directory was created.
        12) info "cannot create $LAMP_HOME; on the lamp, run: sudo install -d -o $LAMP_USER -g $LAMP_USER $LAMP_HOME" ;;
        *) return $status ;;
    esac
    info "created the user $LAMP_USER without a password (locked)"
    join_groups
}

# home_is_elsewhere: the home directory is a link, or below one.
home_is_elsewhere() {
    path="$LAMP_HOME"
    while [ -n "$path" ]; do
        [ ! -L "$ROOT$path" ] || return 0
        path="${path%/*}"
    done
    return 1
}

# Adds the user to those groups that exist: video and render for the screen, input for touches, gpio for the pins.
join_groups() {
    for group in {{ groups }}; do
        line=$(entry group "$group")
        if [ -n "$line" ] && ! is_member "$group" "${line##*:}"; then
            usermod --prefix "$ROOT/" --append --groups "$group" "$LAMP_USER"
            info "added the user $LAMP_USER to the group $group"
        fi
    done
}

# is_member GROUP MEMBERS: compares the whole name, because input-remapper is not input.
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
