# The four confs in Supervisor's folder.

CONF_DIR="$ROOT/etc/supervisor/conf.d"

# recorded CONF: dpkg has it as a conffile that this package has configured once. Otherwise the file is its owner's.
recorded() {
    # shellcheck disable=SC2016 # a format of dpkg's
    dpkg-query --show --showformat '${Conffiles}\n' lampi 2>/dev/null | grep -Eq "^ ${1#"$ROOT"} [0-9a-f]{32}"
}
