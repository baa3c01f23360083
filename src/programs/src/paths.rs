// SPDX-License-Identifier: GPL-3.0-or-later
//! Files and directories of a lamp that more than one program uses.

/// Supervisor's main file in Debian.
pub const SUPERVISOR: &str = "/etc/supervisor/supervisord.conf";

/// The directory of Supervisor's files for programs.
pub const CONFS: &str = "/etc/supervisor/conf.d";

/// The directory of copies of the packaged files.
pub const PACKAGED_CONFS: &str = "/usr/share/lampi/conf.d";

/// The directory of the logs of Supervisor and of its programs.
pub const LOGS: &str = "/var/log/supervisor";

/// The settings of `lamp_service`, unless its `--settings` names another file.
pub const SETTINGS: &str = "/etc/lampi/lamp_service.conf";

/// The state of the lamp, unless `lamp_service`'s `--state` names another file.
pub const STATE: &str = "/var/lib/lampi/state.json";

/// Root's record of the lamp's user. It is not in /var/lib/lampi, which belongs to that user.
pub const USER_RECORD: &str = "/var/lib/misc/lampi.user";

/// Supervisor's file for the program `name`.
#[must_use]
pub fn conf(name: &str) -> String {
    format!("{CONFS}/{name}.conf")
}
