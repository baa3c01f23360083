# The confs of a removed package. They must stay until a purge, with the owner's changes, but Supervisor would keep
# trying to run the removed programs. So they are renamed to FILE.lampi-removed.

hide_removed_confs() {
    for program in $PROGRAMS; do
        conf_of "$program"
        # If that exists, the conf itself is not the package's.
        if exists "$conf" && ! exists "$conf.lampi-removed"; then
            mv -T "$conf" "$conf.lampi-removed"
        fi
    done
}

restore_removed_confs() {
    for program in $PROGRAMS; do
        conf_of "$program"
        if exists "$conf.lampi-removed"; then
            # A file that was created since is not the package's.
            if exists "$conf"; then
                back_up "$conf"
            fi
            mv -T "$conf.lampi-removed" "$conf"
        fi
    done
}
