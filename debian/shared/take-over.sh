# Taking over from a set-up made by hand: what starts the lamp's programs is put out of action and kept.

take_over() {
    take_over_cron
    take_over_confs
    take_over_units
    take_over_rc_local
    tell_of_crontabs
}

# is_packaged FILE: it belongs to another package, so it is not ours to change. Says so.
is_packaged() {
    owner=$(dpkg-query --search "${1#"$ROOT"}" 2>/dev/null | cut -d: -f1) || true
    [ -n "$owner" ] || return 1
    say "${1#"$ROOT"} of the package $owner starts a program of the lamp too; it was left alone"
}

# JOBS, for awk: sets command to what a line of cron.d runs; "" when it is no job.
# shellcheck disable=SC2016 # awk's
JOBS='
{
    command = $0
    sub(/^[ \t]+/, "", command)
    if (command ~ /^#/ || command ~ /^[A-Za-z_][A-Za-z_0-9]*[ \t]*=/)
        command = ""
    fields = command ~ /^@/ ? 2 : 6 # when, as whom
    for (i = 0; i < fields; i++)
        sub(/^[^ \t]+[ \t]*/, "", command)
}'

take_over_cron() {
    for file in "$ROOT"/etc/cron.d/*; do
        case "${file##*/}" in
            *[!A-Za-z0-9_-]*) continue ;; # cron does not read it
        esac
        [ -f "$file" ] || continue
        kinds=$(awk "$LAMP_PROGRAM $JOBS"' command != "" { print lamp_program(command, "") != "" ? "lamp" : "other" }' "$file")
        case "$kinds" in
            *lamp*) ;;
            *) continue ;;
        esac
        if is_packaged "$file"; then
            continue
        fi
        case "$kinds" in
            *other*)
                cp -p "$file" "$file.lampi-new"
                awk "$LAMP_PROGRAM $JOBS"' { print (lamp_program(command, "") != "" ? "# now run by Supervisor: " : "") $0 }' \
                    "$file" >"$file.lampi-new"
                replace "$file" "took the jobs of the lamp out of ${file#"$ROOT"}, the others go on"
                ;;
            *)
                set_aside "$file"
                ;;
        esac
    done
}

# SECTIONS, for awk: reads a Supervisor file (twice, if named twice) and sets lamp[SECTION] for each that runs a program
# of the lamp, is called like one, or groups nothing but such; for the tutorial's exercise test1 too, which always ends as
# FATAL. Lines that continue a value begin with a blank.
# shellcheck disable=SC2016 # awk's
SECTIONS='
FNR == NR {
    if ($0 ~ /^\[/) {
        section = $0
        sub(/^\[/, "", section)
        sub(/\].*/, "", section)
        order[++sections] = section
    } else if ($0 ~ /^[ \t]/ && key != "")
        value[section, key] = value[section, key] " " $0
    else if ($0 !~ /^[;#]/ && match($0, /[=:]/)) {
        key = substr($0, 1, RSTART - 1)
        gsub(/[ \t]+$/, "", key)
        value[section, key] = substr($0, RSTART + 1)
        sub(/ [;#].*/, "", value[section, key])
    }
}
function  judge(    i, j, n, name, names, all) {
    for (i = 1; i <= sections; i++) {
        name = order[i]
        if (name !~ /^program:/)
            continue
        sub(/^program:/, "", name)
        if (lamp_program(value[order[i], "command"], value[order[i], "directory"]) != "" || name ~ /^(fbcp|pigpiod|lamp_service|lamp_ui)$/ ||
            name == "test1" && value[order[i], "command"] ~ /^ *\/bin\/ls *$/)
            lamp[order[i]] = 1
    }
    for (i = 1; i <= sections; i++)
        if (order[i] ~ /^group:/) {
            n = split(value[order[i], "programs"], names, /[ \t,]+/)
            all = 1
            for (j = 1; j <= n; j++)
                if (names[j] != "" && !(("program:" names[j]) in lamp) && names[j] !~ /^(fbcp|pigpiod|lamp_service|lamp_ui)$/)
                    all = 0
            if (all)
                lamp[order[i]] = 1
        }
}'

# lamp_groups FILE: names under which Supervisor knows what take_over_confs takes from a file.
lamp_groups() {
    awk "$LAMP_PROGRAM $SECTIONS"'
        END {
            judge()
            for (section in lamp) {
                sub(/^(program|group):/, "", section)
                print section
            }
        }' "$1"
}

take_over_confs() {
    for file in "$CONF_DIR"/*.conf; do
        case " $PROGRAMS " in
            *" $(basename "$file" .conf) "*) continue ;; # ours
        esac
        [ -f "$file" ] || continue
        kinds=$(awk "$LAMP_PROGRAM $SECTIONS"'
            END {
                judge()
                for (i = 1; i <= sections; i++)
                    print (order[i] in lamp) ? "lamp" : order[i] ~ /^group:/ ? "group" : "other"
            }' "$file")
        case "$kinds" in
            *lamp*) ;;
            *) continue ;;
        esac
        if is_packaged "$file"; then
            continue
        fi
        case "$kinds" in
            *group*)
                # Without its programs the group would stop all of Supervisor.
                say "${file#"$ROOT"} groups programs of the lamp with others; please take them out of it yourself"
                ;;
            *other*)
                cp -p "$file" "$file.lampi-new"
                awk "$LAMP_PROGRAM $SECTIONS"'
                    FNR == 1 && NR > 1 {
                        judge()
                        section = ""
                    }
                    FNR < NR {
                        if ($0 ~ /^\[/) {
                            section = $0
                            sub(/^\[/, "", section)
                            sub(/\].*/, "", section)
                        }
                        print (section in lamp && $0 != "" ? "; now run by lampi: " : "") $0
                    }' "$file" "$file" >"$file.lampi-new"
                replace "$file" "took the programs of the lamp out of ${file#"$ROOT"}, the others go on"
                ;;
            *)
                set_aside "$file"
                ;;
        esac
    done
}

# Units of systemd, pigpio's own among them, that start a program of the lamp at boot. What enables one is a link.
take_over_units() {
    for link in "$ROOT"/etc/systemd/system/*.wants/*.service; do
        [ -L "$link" ] || continue
        unit=$(readlink "$link")
        case "$unit" in
            /*) unit="$ROOT$unit" ;;
            *) unit="$(dirname "$link")/$unit" ;;
        esac
        [ -f "$unit" ] || continue
        found=$(awk "$LAMP_PROGRAM"'
            sub(/^ExecStart=[-@:+!]*/, "") { command = $0 }
            sub(/^WorkingDirectory=-?/, "") { folder = $0 }
            END { print lamp_program(command, folder) }' "$unit")
        if [ -n "$found" ]; then
            set_aside "$link"
            say "after the lamp's removal it starts again with: systemctl enable $(basename "$link")"
            if [ -z "$ROOT" ] && [ -d /run/systemd/system ]; then
                deb-systemd-invoke stop "$(basename "$link")" >/dev/null || true
                systemctl daemon-reload || true
            fi
        fi
    done
}

# Adafruit's installer starts fbcp from here. A command that does nothing takes its place, because the line may be all
# that there is between "then" and "fi".
take_over_rc_local() {
    file="$ROOT/etc/rc.local"
    [ -f "$file" ] || return 0
    found=$(awk "$LAMP_PROGRAM"' /^[ \t]*#/ { next } { printf "%s", lamp_program($0, "") }' "$file")
    [ -n "$found" ] || return 0
    cp -p "$file" "$file.lampi-new"
    awk "$LAMP_PROGRAM"' { print (!/^[ \t]*#/ && lamp_program($0, "") != "" ? ": # now run by Supervisor: " : "") $0 }' \
        "$file" >"$file.lampi-new"
    if sh -n "$file.lampi-new" 2>/dev/null; then
        replace "$file" "took the programs of the lamp out of /etc/rc.local"
    else
        rm "$file.lampi-new"
        say '/etc/rc.local starts a program of the lamp too; please take it out of there yourself'
    fi
}

# These belong to their users (Debian Policy 9.5), so they are only named.
tell_of_crontabs() {
    for file in "$ROOT/etc/crontab" "$ROOT"/var/spool/cron/crontabs/*; do
        [ -f "$file" ] || continue
        found=$(awk "$LAMP_PROGRAM"'
            /^[ \t]*#/ { next }
            {
                # In a crontab of the system a user comes before the command.
                for (i = /^[ \t]*@/ ? 2 : 6; i <= (/^[ \t]*@/ ? 3 : 7); i++) {
                    command = ""
                    for (j = i; j <= NF; j++)
                        command = command " " $j
                    name = lamp_program(command, "")
                    if (name != "") {
                        print name
                        exit
                    }
                }
            }' "$file")
        if [ -n "$found" ]; then
            say "${file#"$ROOT"} starts $found too; please take that out of it yourself, because the two would fight"
        fi
    done
}
