# SPDX-License-Identifier: GPL-3.0-or-later
# Functions for the scripts that break a lamp. They run in the lamp's root directory.
# shellcheck shell=sh

# process PID PARENT UID WORD...: adds a process to /proc.
process() {
    mkdir -p "proc/$1"
    printf 'Name:\tx\nPPid:\t%s\nUid:\t%s\t%s\t%s\t%s\n' "$2" "$3" "$3" "$3" "$3" >"proc/$1/status"
    pid="$1"
    shift 3
    printf '%s\0' "$@" >"proc/$pid/cmdline"
}

# conf NAME LINE...: adds a file of Supervisor.
conf() {
    file="etc/supervisor/conf.d/$1.conf"
    shift
    printf '%s\n' "$@" >"$file"
}

# edit NAME SCRIPT: changes the file of a program of the lamp with sed.
edit() {
    sed -i "$2" "etc/supervisor/conf.d/$1.conf"
}

# framebuffer NUMBER NAME: adds /dev/fbNUMBER with the driver's name NAME to /sys.
framebuffer() {
    mkdir -p "sys/class/graphics/fb$1"
    echo "$2" >"sys/class/graphics/fb$1/name"
    echo 320,240 >"sys/class/graphics/fb$1/virtual_size"
    echo 16 >"sys/class/graphics/fb$1/bits_per_pixel"
    echo 640 >"sys/class/graphics/fb$1/stride"
}
