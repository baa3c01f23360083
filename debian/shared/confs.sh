# The four confs in Supervisor's folder.

CONF_DIR="$ROOT/etc/supervisor/conf.d"

# Asks dpkg which conffiles it has of this package. On its own, because a failure inside of a condition goes unnoticed.
read_conffiles() {
    # shellcheck disable=SC2016 # a format of dpkg's
    conffiles=$(dpkg-query --show --showformat '${Conffiles}\n' lampi)
}

# recorded CONF: dpkg has it as a conffile that this package has configured once. Otherwise the file is its owner's.
recorded() {
    case "$conffiles" in
        *" ${1#"$ROOT"} newconffile"*) return 1 ;;
        *" ${1#"$ROOT"} "*) return 0 ;;
        *) return 1 ;;
    esac
}
