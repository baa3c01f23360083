// SPDX-License-Identifier: GPL-3.0-or-later
//! The rest of the man pages of `lampi` and its subcommands.

use crate::manual::{EXIT_STATUS, FAILURE, LOGIN, Manual, SETTINGS, USAGE_ERROR};
use crate::{paths, user_conf};

/// Supervisor's files.
const CONFS: (&str, &str) = (paths::CONFS, "Supervisor's file of each program.");

/// What a program that starts or stops others has in common.
const CONTROL: Manual = Manual { exit_status: EXIT_STATUS, ..Manual::NONE };

pub(crate) const LAMPI: Manual = Manual {
    exit_status: &[("0", "Success."), FAILURE, USAGE_ERROR, ("3", "lampi doctor found warnings only.")],
    files: &[
        SETTINGS,
        (paths::STATE, "The state of the lamp."),
        CONFS,
        (paths::LOGS, "The logs of the programs."),
    ],
    environment: &LOGIN,
    examples: &[
        ("sudo lampi status", "Show the status of the lamp."),
        ("sudo lampi doctor --fix", "Find and fix problems."),
        ("lampi set --color orange --brightness 0.5", "Set the light."),
    ],
    see_also: &[
        "lampi-status(1)",
        "lampi-doctor(1)",
        "lampi-set(1)",
        "lamp_service(1)",
        "lamp_service.conf(5)",
        "lampi-mqtt(7)",
        "lamp_ui(1)",
        "fbcp(1)",
        "lampi-pigpiod(8)",
    ],
    ..Manual::NONE
};

pub(crate) const STATUS: Manual = Manual {
    exit_status: EXIT_STATUS,
    files: &[SETTINGS],
    environment: &LOGIN,
    examples: &[
        ("sudo lampi status", "Show everything."),
        ("sudo lampi status --json", "Print it for a script."),
    ],
    see_also: &["lampi(1)", "lampi-doctor(1)", "lampi-logs(1)"],
    ..Manual::NONE
};

pub(crate) const SET: Manual = Manual {
    exit_status: EXIT_STATUS,
    files: &[SETTINGS],
    environment: &LOGIN,
    examples: &[
        ("lampi set --color orange --brightness 0.5", "Set a colour at half brightness."),
        ("lampi set --on", "Turn the lamp on."),
        ("lampi set --hue 0.33 --broker lamp.local:1883", "Set the hue of a lamp in the network."),
    ],
    see_also: &["lampi(1)", "lampi-get(1)", "lampi-mqtt(7)"],
    ..Manual::NONE
};

pub(crate) const GET: Manual = Manual {
    exit_status: EXIT_STATUS,
    files: &[SETTINGS],
    environment: &LOGIN,
    examples: &[
        ("lampi get", "Print the light."),
        ("lampi get --json", "Print the last message on lamp/changed."),
    ],
    see_also: &["lampi(1)", "lampi-set(1)", "lampi-mqtt(7)"],
    ..Manual::NONE
};

pub(crate) const DOCTOR: Manual = Manual {
    exit_status: &[
        ("0", "doctor found nothing."),
        ("1", "doctor found a problem, or failed."),
        USAGE_ERROR,
        ("3", "doctor found warnings only. With --fix, the exit status is that of the last check."),
    ],
    examples: &[
        ("sudo lampi doctor", "Find problems."),
        ("sudo lampi doctor --fix", "Fix problems, each after a question."),
        ("sudo lampi doctor --json", "Print the report for a script."),
    ],
    see_also: &["lampi(1)", "lampi-status(1)", "lampi-take-over(1)"],
    ..Manual::NONE
};

pub(crate) const START: Manual = Manual {
    examples: &[("sudo lampi start lamp_ui", "Start the touch screen's program.")],
    see_also: &["lampi(1)", "lampi-stop(1)", "lampi-enable(1)", "supervisorctl(1)"],
    ..CONTROL
};

pub(crate) const STOP: Manual = Manual {
    examples: &[("sudo lampi stop lamp_ui", "Stop the touch screen's program.")],
    see_also: &["lampi(1)", "lampi-start(1)", "lampi-disable(1)", "supervisorctl(1)"],
    ..CONTROL
};

pub(crate) const RESTART: Manual = Manual {
    examples: &[("sudo lampi restart lamp_service lamp_ui", "Restart two programs.")],
    see_also: &["lampi(1)", "lampi-update(1)", "supervisorctl(1)"],
    ..CONTROL
};

pub(crate) const UPDATE: Manual = Manual {
    files: &[CONFS],
    examples: &[("sudo lampi update fbcp", "Apply a change of /etc/supervisor/conf.d/fbcp.conf.")],
    see_also: &["lampi(1)", "lampi-restart(1)", "supervisorctl(1)"],
    ..CONTROL
};

pub(crate) const DISABLE: Manual = Manual {
    files: &[CONFS],
    examples: &[("sudo lampi disable fbcp lamp_ui", "Run a lamp without a screen.")],
    see_also: &["lampi(1)", "lampi-enable(1)", "lampi-stop(1)"],
    ..CONTROL
};

pub(crate) const ENABLE: Manual = Manual {
    files: &[CONFS, (paths::PACKAGED_CONFS, "The packaged files.")],
    examples: &[("sudo lampi enable fbcp lamp_ui", "Use the screen again.")],
    see_also: &["lampi(1)", "lampi-disable(1)", "lampi-start(1)"],
    ..CONTROL
};

pub(crate) const USER: Manual = Manual {
    files: &[
        (user_conf::PATH, "The generated file."),
        (paths::USER_RECORD, "The record of the user, which root keeps."),
    ],
    examples: &[
        ("sudo lampi user", "Show the user."),
        ("sudo lampi user alice", "Run the programs as alice."),
    ],
    see_also: &["lampi(1)", "adduser(8)"],
    ..CONTROL
};

pub(crate) const LOGS: Manual = Manual {
    files: &[(paths::LOGS, "The logs of the programs, unless Supervisor's files name others.")],
    examples: &[
        ("lampi logs --follow", "Follow the logs of all programs."),
        ("lampi logs lamp_service --lines 100", "Show the last 100 lines of lamp_service."),
    ],
    see_also: &["lampi(1)", "lampi-status(1)"],
    ..CONTROL
};

pub(crate) const BRIDGE: Manual = Manual {
    files: &[("/etc/mosquitto/conf.d/lampi_bridge.conf", "The bridge in mosquitto's configuration.")],
    examples: &[
        ("sudo lampi bridge --host mqtt.example.org --tls", "Connect with TLS, then restart mosquitto."),
        ("sudo lampi bridge --remove", "Remove the connection, then restart mosquitto."),
        ("sudo systemctl restart mosquitto", "Apply either change."),
    ],
    see_also: &["lampi(1)", "lampi-mqtt(7)", "mosquitto.conf(5)"],
    ..CONTROL
};

pub(crate) const PWM: Manual = Manual {
    exit_status: &[
        ("0", "Success; for status, something drives the LEDs."),
        ("1", "Failure; for status, the LEDs are dark."),
        USAGE_ERROR,
    ],
    files: &[("/boot/firmware/config.txt", "The configuration of the firmware.")],
    examples: &[
        ("sudo lampi pwm enable", "Let the kernel drive the LEDs after a reboot."),
        ("lampi pwm status", "Show what drives the LEDs."),
    ],
    see_also: &["lampi(1)", "lampi-pigpiod(8)"],
    ..Manual::NONE
};

pub(crate) const TAKE_OVER: Manual = Manual {
    files: &[("*.dpkg-bak", "The earlier content of each changed file, in the same directory.")],
    examples: &[
        ("lampi take-over --dry-run", "Show what take-over would disable."),
        ("sudo lampi take-over --root /mnt", "Disable the manual set-up in a mounted image."),
    ],
    see_also: &["lampi(1)", "lampi-doctor(1)"],
    ..CONTROL
};
