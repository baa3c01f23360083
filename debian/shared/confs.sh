# The four confs in Supervisor's directory.

CONF_DIR="$ROOT/etc/supervisor/conf.d"
CONFS="${CONF_DIR#"$ROOT"}" # in dpkg's database

# conf_of PROGRAM: sets conf to the path of its conf, or to the diverted path if the owner has diverted it. A file at
# the original path is then the owner's. A failure of dpkg-divert must not stop an aborted installation.
conf_of() {
    conf="$ROOT$(dpkg-divert --truename "$CONFS/$1.conf" || echo "$CONFS/$1.conf")"
}

# Reads the package's conffiles from dpkg's database. Call it outside conditions, where set -e does not apply.
read_conffiles() {
    # shellcheck disable=SC2016 # a format of dpkg's
    conffiles=$(dpkg-query --show --showformat '${Conffiles}\n' lampi)
}

# recorded PROGRAM: dpkg has its conf as a conffile that was configured before. Otherwise the file is the owner's.
recorded() {
    case "$conffiles" in
        *" $CONFS/$1.conf newconffile"*) return 1 ;;
        *" $CONFS/$1.conf "*) return 0 ;;
        *) return 1 ;;
    esac
}
