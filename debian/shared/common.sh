# What every maintainer script needs; the builder includes it, because a package that is being unpacked or removed
# has no files of its own to rely on.

PROGRAMS='fbcp pigpiod lamp_service lamp_ui' # in the order in which they start
ROOT="${DPKG_ROOT:-}"

say() {
    echo "lampi: $*"
}

unknown_call() {
    echo "lampi: $(basename "$0") does not know the call '$*'" >&2
    exit 1
}

exists() {
    [ -e "$1" ] || [ -L "$1" ]
}
