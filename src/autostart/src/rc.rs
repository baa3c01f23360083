// SPDX-License-Identifier: GPL-3.0-or-later
//! Scripts that run once at boot: rc.local, and those of System V's init.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::cron::{script, starts_of_script};
use crate::lines::{self, End};
use crate::machine::{Content, Machine};
use crate::{Action, Found, Reason, Survey};

const RC_LOCAL: &str = "/etc/rc.local";

/// A command that does nothing takes the place of one of the lamp, because the line may be all that there is between "then"
/// and "fi".
const MARK: &str = ": # now run by Supervisor: ";

pub(crate) fn find(machine: &Machine, survey: &mut Survey) {
    rc_local(machine, survey);
    for level in 2..=5 {
        let folder = format!("/etc/rc{level}.d");
        for name in machine.list(&folder).into_iter().filter(|name| name.starts_with('S')) {
            let Some(target) = machine.link(&format!("{folder}/{name}")) else { continue };
            let Some(service) = target.file_name().and_then(|name| name.to_str()) else { continue };
            // A unit of systemd with the same name takes its place.
            let has_unit = ["/etc", "/usr/lib", "/lib"].into_iter().any(|folder| {
                machine.path(format!("{folder}/systemd/system/{service}.service")).symlink_metadata().is_ok()
            });
            let path = format!("/etc/init.d/{service}");
            if !has_unit && !survey.found.iter().any(|found| found.path == path) {
                survey.add(script(machine, path));
            }
        }
    }
}

/// Adafruit's installer starts fbcp from here. systemd runs it if it is executable.
fn rc_local(machine: &Machine, survey: &mut Survey) {
    let Content::Text(content) = machine.read(RC_LOCAL) else { return };
    if !machine.is_executable(RC_LOCAL) {
        return;
    }
    let starts = starts_of_script(RC_LOCAL, &String::from_utf8_lossy(&content));
    if starts.is_empty() {
        return;
    }
    let new = lines::marked(&content, End::Lf, MARK, |line| starts.iter().any(|start| start.line == line));
    let action = if is_shell(&new) && starts_of_script(RC_LOCAL, &String::from_utf8_lossy(&new)).is_empty() {
        Action::Edit { from: content, to: new }
    } else {
        Action::Name(Reason::Whole)
    };
    survey.add(Found::of(RC_LOCAL.to_owned(), starts, action));
}

/// Whether the shell can read a script, which it does not run.
fn is_shell(script: &[u8]) -> bool {
    let shell = Command::new("/bin/sh")
        .arg("-n")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    shell.is_ok_and(|mut shell| {
        let written = shell.stdin.take().is_some_and(|mut stdin| stdin.write_all(script).is_ok());
        shell.wait().is_ok_and(|status| written && status.success())
    })
}
