// SPDX-License-Identifier: GPL-3.0-or-later
//! Files and directories of a lamp that more than one program knows.

/// Supervisor's main file, as Debian has it.
pub const SUPERVISOR: &str = "/etc/supervisor/supervisord.conf";

/// The directory of Supervisor's other files.
pub const CONFS: &str = "/etc/supervisor/conf.d";

/// The same files as they were packaged.
pub const PACKAGED_CONFS: &str = "/usr/share/lampi/conf.d";

/// The directory of Supervisor's logs, and those of its programs.
pub const LOGS: &str = "/var/log/supervisor";

/// The settings of `lamp_service`, unless its `--settings` names another file.
pub const SETTINGS: &str = "/etc/lampi/lamp_service.conf";

/// The state of the lamp, unless `lamp_service`'s `--state` names another file.
pub const STATE: &str = "/var/lib/lampi/state.json";

/// What root records of the lamp's user: not in /var/lib/lampi, which belongs to that user.
pub const USER_RECORD: &str = "/var/lib/misc/lampi.user";

/// Supervisor's file of the program `name`.
#[must_use]
pub fn conf(name: &str) -> String {
    format!("{CONFS}/{name}.conf")
}
