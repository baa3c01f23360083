# The confs of a removed package. Until it is purged they have to stay, with the owner's changes, but Supervisor would
# go on trying to run programs that are gone. So they become FILE.lampi-removed.

hide_removed_confs() {
    for program in $PROGRAMS; do
        conf_of "$program"
        # Where one is there still, the file at its place is somebody else's.
        if exists "$conf" && ! exists "$conf.lampi-removed"; then
            mv -T "$conf" "$conf.lampi-removed"
        fi
    done
}

restore_removed_confs() {
    for program in $PROGRAMS; do
        conf_of "$program"
        if exists "$conf.lampi-removed"; then
            # A file of that name that came since is not ours.
            if exists "$conf"; then
                back_up "$conf"
            fi
            mv -T "$conf.lampi-removed" "$conf"
        fi
    done
}
