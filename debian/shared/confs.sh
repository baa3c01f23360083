# The four confs in Supervisor's folder.

CONF_DIR="$ROOT/etc/supervisor/conf.d"
CONFS="${CONF_DIR#"$ROOT"}" # as dpkg calls it

# conf_of PROGRAM: sets conf to the place at which dpkg has its conf: another one if the machine's owner has diverted it.
# What lies at a place that was diverted is the owner's. An installation that is given up must not end for want of an answer.
conf_of() {
    conf="$ROOT$(dpkg-divert --truename "$CONFS/$1.conf" || echo "$CONFS/$1.conf")"
}

# Asks dpkg which conffiles it has of this package. On its own, because a failure inside of a condition goes unnoticed.
read_conffiles() {
    # shellcheck disable=SC2016 # a format of dpkg's
    conffiles=$(dpkg-query --show --showformat '${Conffiles}\n' lampi)
}

# recorded PROGRAM: dpkg has its conf as a conffile that this package has configured once. Otherwise the file is its owner's.
recorded() {
    case "$conffiles" in
        *" $CONFS/$1.conf newconffile"*) return 1 ;;
        *" $CONFS/$1.conf "*) return 0 ;;
        *) return 1 ;;
    esac
}
