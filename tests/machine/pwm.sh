# SPDX-License-Identifier: GPL-3.0-or-later
# The kernel's state of the LEDs, independent of the lamp's programs: the duty cycle of each chip and the edges on the
# pins. The file is /pwm.sh in a machine with pwm-gpio. Source it after /lib.sh, as root.
# shellcheck shell=sh

LEDS='19 26 13'
tracing=/sys/kernel/tracing

mountpoint --quiet /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug
mountpoint --quiet $tracing || mount -t tracefs tracefs $tracing

# chip PIN: prints the number of its chip from the device tree; nothing without one.
chip() {
    for chip in /sys/class/pwm/pwmchip*; do
        gpios=$(od -A n -t d4 --endian=big "$chip/device/of_node/gpios" 2>/dev/null) || continue
        # shellcheck disable=SC2086 # numbers: controller, line, flags
        set -- "$1" $gpios
        [ "$1" != "$3" ] || echo "${chip##*pwmchip}"
    done
}

chips() {
    for pin in $LEDS; do
        chip "$pin" | wc -l
    done | tr '\n' ' '
}

# udev loads the driver some time after the start.
has_chips() {
    [ "$(chips)" = '1 1 1 ' ]
}

# chip_duty PIN: prints the duty cycle of its chip in thousandths of the period, if they are whole numbers.
chip_duty() {
    awk -v "number=$(chip "$1")" '
        /^[0-9]+:/ { here = $1 == number ":" }
        here && / pwm-0 / {
            for (i = 1; i < NF; i++)
                if ($i == "period:" || $i == "duty:" || $i == "polarity:")
                    is[$i] = $(i + 1)
            if (!/ enabled /)
                print "off"
            else if (is["polarity:"] != "normal" || is["duty:"] * 1000 % is["period:"])
                print
            else
                print is["duty:"] * 1000 / is["period:"]
        }' /sys/kernel/debug/pwm
}

# lit: prints the duty cycles of the LEDs' chips in the format of `duty`.
lit() {
    for pin in $LEDS; do
        chip_duty "$pin"
    done | tr '\n' ' '
}

is_lit() {
    [ "$(lit)" = "$1 " ]
}

# watch_edges: makes the kernel record each edge of a pin.
watch_edges() {
    # When the kernel unloads a module, it can discard the records.
    udevadm settle
    echo 0 >$tracing/tracing_on
    echo 40000 >$tracing/buffer_size_kb
    echo >$tracing/trace
    echo 1 >$tracing/events/gpio/gpio_value/enable
    # Also records new processes: one here and one in `edges` mark the start and the end.
    echo 1 >$tracing/events/sched/sched_process_fork/enable
    echo 1 >$tracing/tracing_on
    cut -d' ' -f1 /proc/uptime >/edges.begin
}

# edges: prints a line for each LED since watch_edges: pin, periods, thousandths of the time at high level, and the
# longest time without an edge in periods.
edges() {
    env true
    equal 'noting of edges' 1 "$(cat $tracing/tracing_on)"
    echo 0 >$tracing/tracing_on
    echo 0 >$tracing/events/enable
    cat $tracing/per_cpu/cpu*/stats >/edges.stats
    awk '/overrun:|dropped events:/ && $NF > 0 { exit 1 }' /edges.stats || fail "edges were lost: $(cat /edges.stats)"
    base=$(sed -n 's/^gpiochip[0-9]*: .* \([0-9]*\)-.* pinctrl-bcm2835.*/\1/p' /sys/kernel/debug/gpio)
    [ -n "$base" ] || fail "no controller of the pins in: $(cat /sys/kernel/debug/gpio)"
    for pin in $LEDS; do
        period=$(cat "/sys/class/pwm/pwmchip$(chip "$pin")/pwm0/period")
        echo "$((base + pin)) $pin $period"
    done >/edges.pins
    awk -v "begin=$(cat /edges.begin)" '
        FNR == NR { pin[$1] = $2; period[$1] = $3 / 1e9; order[++count] = $1; next }
        function edge(line, now) {
            if (now - last[line] > longest[line])
                longest[line] = now - last[line]
            last[line] = now
        }
        /^#/ || !match($0, / [0-9]+\.[0-9]+: /) { next }
        { now = substr($0, RSTART, RLENGTH) + 0 }
        !begun++ {
            # Lost records are a gap.
            for (j = 1; j <= count; j++)
                last[order[j]] = now > begin + 1 ? begin : now
        }
        # The event, the line, "set" or "get", the value.
        $(NF - 3) == "gpio_value:" && $(NF - 2) in pin {
            line = $(NF - 2)
            edge(line, now)
            if ($NF) {
                if (!(line in first))
                    first[line] = now
                high[line] += up[line]
                up[line] = 0
                rise[line] = now
                rises[line]++
            } else if (line in rise)
                up[line] = now - rise[line]
        }
        END {
            for (j = 1; j <= count; j++) {
                line = order[j]
                edge(line, now)
                whole = rise[line] - first[line]
                printf "%d %d %.1f %.2f\n", pin[line], rises[line] ? rises[line] - 1 : 0,
                    whole ? 1000 * high[line] / whole : 0, longest[line] / period[line]
            }
        }' /edges.pins $tracing/trace >/edges
    cat /edges
}

# no_gap: checks with `edges` that no LED missed an edge.
no_gap() {
    awk '$2 < 100 || $4 > 2 { exit 1 }' /edges || fail "edges are missing: $(cat /edges)"
}

# are_high RED GREEN BLUE: checks with `edges` the thousandths at high level of each LED, to one hundredth.
are_high() {
    awk -v "wanted=$*" '
        BEGIN { split(wanted, thousandths) }
        { off = $3 / thousandths[NR] - 1 }
        off > 0.01 || off < -0.01 { exit 1 }' /edges || fail "the edges are not those of $*: $(cat /edges)"
}
