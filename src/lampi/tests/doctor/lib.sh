# SPDX-License-Identifier: GPL-3.0-or-later
# What the scripts that break a lamp share. They run in the lamp's root folder.
# shellcheck shell=sh

# process PID PARENT UID WORD...: a process, as /proc shows it.
process() {
    mkdir -p "proc/$1"
    printf 'Name:\tx\nPPid:\t%s\nUid:\t%s\t%s\t%s\t%s\n' "$2" "$3" "$3" "$3" "$3" >"proc/$1/status"
    pid="$1"
    shift 3
    printf '%s\0' "$@" >"proc/$pid/cmdline"
}

# conf NAME LINE...: one more file of Supervisor's.
conf() {
    file="etc/supervisor/conf.d/$1.conf"
    shift
    printf '%s\n' "$@" >"$file"
}

# edit NAME SCRIPT: changes the file of a program of the lamp by sed.
edit() {
    sed -i "$2" "etc/supervisor/conf.d/$1.conf"
}

# framebuffer NUMBER NAME: /dev/fbNUMBER, as the kernel shows it, of the driver that calls it NAME.
framebuffer() {
    mkdir -p "sys/class/graphics/fb$1"
    echo "$2" >"sys/class/graphics/fb$1/name"
    echo 320,240 >"sys/class/graphics/fb$1/virtual_size"
    echo 16 >"sys/class/graphics/fb$1/bits_per_pixel"
    echo 640 >"sys/class/graphics/fb$1/stride"
}
