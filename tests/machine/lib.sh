# SPDX-License-Identifier: GPL-3.0-or-later
# Runs a whole machine in QEMU and gives it orders. Source it after tests/lib.sh.
# shellcheck shell=sh

# begin_machine ARCH [PACKAGE...]: a machine with a disk of its own, with these packages besides the usual ones, switched
# on, with the lamp's package and the scenarios' lib.sh on it. The log and what else is worth keeping go to target/SUITE.
begin_machine() {
    deb=$(echo target/packages/lampi_*_"$1".deb)
    machine=$(tests/machine/image "$@")
    results="target/$(basename "$0")"
    rm -rf "$results"
    mkdir -p "$results"
    console="$results/console.log"
    work=$(mktemp -d)
    trap 'stop_machine; rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM

    case "$1" in
        amd64)
            EMULATOR='qemu-system-x86_64 -cpu max -smp 2 -vga std'
            SERIAL=ttyS0 DISK=virtio NETWORK=virtio-net-pci
            ;;
        arm64)
            EMULATOR="qemu-system-aarch64 -machine raspi3b -dtb $machine/board.dtb"
            SERIAL=ttyAMA0,115200 DISK=sd NETWORK=usb-net
            ;;
    esac
    cp --sparse=always "$machine/disk.img" "$work/disk.img"
    begin=$(date +%s)
    say 'power on'
    power_on
    send tests/install/lib.sh /lib.sh
    send "$deb" "/$(basename "$deb")"
}

say() {
    printf '%4d s  %s\n' $(($(date +%s) - begin)) "$*" | tee -a "$results/log"
}

# step WHAT <SCRIPT: runs a script in the machine, with what the scenarios of the installation have.
step() {
    say "$1"
    {
        echo '. /lib.sh'
        cat
    } >"$work/step"
    send "$work/step" /step
    guest 'sh -eu /step' </dev/null || fail "$1"
}

# power_on: starts the machine and waits until it is up. KVM is not used: nested, it has hung and aborted.
power_on() {
    port=$(free_port)
    $EMULATOR -accel tcg,thread=multi -m 1G -no-reboot -display none \
        -kernel "$machine/vmlinuz" -initrd "$machine/initrd.img" \
        -append "root=LABEL=lamp rw rootwait console=$SERIAL net.ifnames=0 quiet panic=-1" \
        -drive "file=$work/disk.img,format=raw,if=$DISK" -device "$NETWORK,netdev=net" \
        -netdev "user,id=net,hostfwd=tcp:127.0.0.1:$port-:22" \
        -chardev "file,id=console,path=$console,append=on" -serial chardev:console -monitor none \
        -pidfile "$work/qemu.pid" -daemonize
    await 240 'the machine to be up' guest true
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

# power_off: shuts down in order.
power_off() {
    guest 'systemctl --no-block poweroff' || true
    await 120 'the machine to shut down' is_off
    rm -f "$work/ssh"
}

# power_cut: what the guest has not written by now is lost.
power_cut() {
    kill -9 "$(cat "$work/qemu.pid")"
    await 10 'the end of the machine' is_off
    rm -f "$work/ssh"
}

# stop_machine: whatever state it is in.
stop_machine() {
    if [ -f "$work/qemu.pid" ] && ! is_off; then
        power_cut
    fi
}
