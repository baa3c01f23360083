# SPDX-License-Identifier: GPL-3.0-or-later
# Runs a whole machine in QEMU and runs commands in it. Source it after tests/lib.sh.
# shellcheck shell=sh

# An emulated machine is slow, especially next to other tests.
# shellcheck disable=SC2034 # for await
PATIENCE=600

# begin_machine SYSTEM [PACKAGE...]: creates a machine that is off, with its own disk and these additional packages. The
# disk has the lamp's package and the scenarios' lib.sh. The log and other results go to target/tests/SUITE.
begin_machine() {
    deb=$(echo target/packages/lampi_*_"$(architecture "$1")".deb)
    machine=$(tests/machine/image "$@")
    results="target/tests/$(basename "$0" | cut -d- -f2-)"
    rm -rf "$results"
    mkdir -p "$results"
    console="$results/console.log"
    : >"$console"
    work=$(mktemp -d)
    trap 'stop_machine; rm -rf "$work"' EXIT

    case "$(architecture "$1")" in
        amd64)
            # A simple processor: for more features, Debian would load drivers and mitigations.
            # no_timer_check: on a busy machine the emulated timer is late. The kernel then panics with "IO-APIC + timer
            # doesn't work".
            EMULATOR='qemu-system-x86_64 -nodefaults -cpu qemu64,-svm -smp 2 -vga std'
            KERNEL='console=ttyS0 mitigations=off no_timer_check' DISK=virtio NETWORK=virtio-net-pci
            ;;
        arm64)
            EMULATOR="qemu-system-aarch64 -machine raspi3b -dtb $machine/board.dtb"
            KERNEL=console=ttyAMA0,115200 DISK=sd NETWORK=
            ;;
    esac
    TIME='-accel tcg,thread=multi'
    cp --sparse=always "$machine/disk.img" "$work/disk.img"
    begin=$(date +%s)
    insert tests/helpers.sh /helpers.sh
    insert tests/install/lib.sh /lib.sh
    insert "$deb" "/$(basename "$deb")"
}

# insert FILE PLACE: writes the file to the disk of a machine that is off. Root owns it, and only root can change it.
insert() {
    mode=0100644
    [ ! -x "$1" ] || mode=0100755
    folder=
    {
        # Existing directories and missing files cause harmless errors.
        for name in $(dirname "$2" | tr / ' '); do
            folder="$folder/$name"
            echo "mkdir $folder"
        done
        echo "rm $2"
        echo "write $1 $2"
        echo "set_inode_field $2 mode $mode"
    } | debugfs -w -f - "$work/disk.img" >/dev/null 2>&1
    # debugfs does not report errors such as a full disk.
    debugfs -R "dump $2 $work/inserted" "$work/disk.img" >/dev/null 2>&1
    cmp "$1" "$work/inserted" || fail "$1 is not whole at $2 on the machine's disk"
}

# insert_tree DIRECTORY: writes all files below it to the same paths on the disk.
insert_tree() {
    for file in $(cd "$1" && find . -type f | cut -c2-); do
        insert "$1$file" "$file"
    done
}

say() {
    printf '%4d s  %s\n' $(($(date +%s) - begin)) "$*" | tee -a "$results/log"
}

# step WHAT [NAME=VALUE...] <SCRIPT: runs a script in the machine, with these variables (values without spaces) and the
# functions of the installation scenarios.
step() {
    say "$1"
    {
        echo 'PATIENCE=300'
        printf '%s\n' "$@" | sed 1d
        echo '. /lib.sh'
        cat
    } >"$work/step"
    send "$work/step" /step
    status=0
    guest 'sh -eu /step 2>&1' </dev/null >"$work/said" || status=$?
    sed 's/^/        /' "$work/said" | tee -a "$results/log"
    [ $status -eq 0 ] || fail "$1"
}

# power_on: starts the machine and waits for it. Does not use KVM, which has hung and aborted when nested.
power_on() {
    start_machine
    await 'the machine to be up' is_up_or_off
    ! is_off || fail 'the machine has ended while it started'
}

is_up_or_off() {
    is_off || guest true
}

# The output of a machine that fails.
explain() {
    echo "The end of $console:"
    tail -n 40 "$console"
}

# start_machine: starts the machine with a layer above its disk. Like the cache of a real disk, only synced data is in
# the layer's file; other data is in QEMU's memory.
start_machine() {
    port=$(free_port)
    qemu-img create -q -f qcow2 -o cluster_size=4k -b "$work/disk.img" -F raw "$work/layer.qcow2"
    # shellcheck disable=SC2086 # options
    $EMULATOR $TIME -m 1G -no-reboot -display none \
        -kernel "$machine/kernel" -initrd "$machine/initrd.img" \
        -append "root=LABEL=lamp rw rootwait net.ifnames=0 quiet panic=-1 $KERNEL" \
        -drive "file=$work/layer.qcow2,format=qcow2,if=$DISK" \
        ${NETWORK:+-device $NETWORK,netdev=net -netdev user,id=net,hostfwd=tcp:127.0.0.1:$port-:22} \
        -chardev "file,id=console,path=$console,append=on" -serial chardev:console -monitor none \
        -pidfile "$work/qemu.pid" -daemonize
}

# time_by_instructions: machines started from now on have one processor with a clock that advances 4 ns per instruction,
# independent of this machine's load. QEMU runs four processors in turns, so they would switch the pins late under load.
time_by_instructions() {
    TIME='-accel tcg,thread=single -icount shift=2,sleep=off'
    KERNEL="$KERNEL nr_cpus=1"
}

# alone WHAT <SCRIPT: for a machine without a network. Starts it; it runs the script like `step`, prints to the console
# and shuts down.
alone() {
    {
        echo 'PATIENCE=600'
        echo '. /lib.sh'
        cat
        echo "echo 'done: $1'"
    } >"$work/scenario"
    insert_tree tests/machine/alone
    insert "$work/scenario" /scenario
    say "power on; $1"
    since=$(wc -c <"$console")
    KERNEL="$KERNEL systemd.wants=scenario.service" start_machine
    PATIENCE=1500 await 'the machine to have done' is_off
    settle_disk
    check_disk
    tail -c +$((since + 1)) "$console" | tr -d '\r' >"$work/said"
    grep -q "^done: $1" "$work/said" || {
        cat "$work/said"
        fail "$1"
    }
}

# newer VERSION FILE.deb: creates the package with all its programs changed.
newer() {
    rm -rf "$work/tree"
    dpkg-deb --raw-extract "$deb" "$work/tree"
    sed -i "s/^Version:.*/Version: $1/" "$work/tree/DEBIAN/control"
    for program in "$work"/tree/usr/bin/* "$work"/tree/usr/libexec/lampi/*; do
        [ ! -f "$program" ] || echo >>"$program"
    done
    dpkg-deb --root-owner-group -Znone --build "$work/tree" "$2" >/dev/null
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# guest COMMAND: runs a shell command in the machine, as root.
guest() {
    ssh -q -i "$machine/key" -p "$port" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes \
        -o ConnectTimeout=10 -o ServerAliveInterval=10 -o LogLevel=ERROR \
        -o ControlMaster=auto -o ControlPath="$work/ssh" -o ControlPersist=60 root@127.0.0.1 "$@"
}

# send FILE PLACE
send() {
    guest "cat >'$2'" <"$1"
}

# fetch PLACE FILE
fetch() {
    guest "cat '$1'" >"$2"
}

is_off() {
    ! kill -0 "$(cat "$work/qemu.pid")" 2>/dev/null
}

# power_off: shuts the machine down.
power_off() {
    guest 'systemctl --no-block poweroff' || true
    await 'the machine to shut down' is_off
    settle_disk
}

# power_cut: stops the machine; data that is not synced is lost.
power_cut() {
    kill -9 "$(cat "$work/qemu.pid")"
    await 'the end of the machine' is_off
    settle_disk
}

# settle_disk: writes the remaining data to the disk.
settle_disk() {
    rm -f "$work/ssh"
    qemu-img commit -q "$work/layer.qcow2"
    rm "$work/layer.qcow2"
}

# check_disk: checks that the file system is clean after its journal was replayed, as at every start.
check_disk() {
    cp --sparse=always "$work/disk.img" "$work/copy.img"
    first=$(e2fsck -p "$work/copy.img") || [ $? -eq 1 ] || fail "the file system needs a repair: $first"
    echo "$first" | grep -q ': clean,' || fail "the file system has errors: $first"
    second=$(e2fsck -f -n "$work/copy.img" 2>&1) || fail "the file system is damaged: $second"
    rm "$work/copy.img"
}

# stop_machine: stops the machine in any state.
stop_machine() {
    if [ -f "$work/qemu.pid" ] && ! is_off; then
        kill -9 "$(cat "$work/qemu.pid")"
    fi
}
