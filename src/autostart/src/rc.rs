// SPDX-License-Identifier: GPL-3.0-or-later
//! Scripts that run at boot: rc.local, and those of System V's init.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::commands::shell::{self, Ran};
use crate::cron::{script, starts_of_script};
use crate::lines::{self, End};
use crate::machine::{Content, Machine};
use crate::{Action, Found, Reason, Survey};

const RC_LOCAL: &str = "/etc/rc.local";

/// Replaces a command of the lamp by one that does nothing, because the line may be the only one between
/// "then" and "fi".
const MARK: &str = ": # now run by Supervisor: ";

pub(crate) fn find(machine: &Machine, survey: &mut Survey) {
    rc_local(machine, survey);
    for level in 2..=5 {
        let directory = format!("/etc/rc{level}.d");
        for name in machine.list(&directory).into_iter().filter(|name| name.starts_with('S')) {
            let Some(target) = machine.link(&format!("{directory}/{name}")) else { continue };
            let Some(service) = target.file_name().and_then(|name| name.to_str()) else { continue };
            // A systemd unit with the same name overrides it.
            let has_unit = ["/etc", "/usr/lib", "/lib"].into_iter().any(|directory| {
                machine
                    .path(format!("{directory}/systemd/system/{service}.service"))
                    .symlink_metadata()
                    .is_ok()
            });
            let path = format!("/etc/init.d/{service}");
            if !has_unit && !survey.found.iter().any(|found| found.path == path) {
                survey.add(script(machine, path));
            }
        }
    }
}

/// Adafruit's installer starts fbcp in rc.local. systemd runs it if it is executable.
fn rc_local(machine: &Machine, survey: &mut Survey) {
    let Content::Text(content) = machine.read(RC_LOCAL) else { return };
    if !machine.is_executable(RC_LOCAL) {
        return;
    }
    let text = String::from_utf8_lossy(&content);
    let starts = starts_of_script(RC_LOCAL, &text);
    if starts.is_empty() {
        return;
    }
    let is_lamps = |line| starts.iter().any(|start| start.line == line);
    let new = lines::marked(&content, End::Lf, MARK, is_lamps);
    let commands = shell::commands(&text);
    let does_more = commands.iter().any(|command| is_lamps(command.line) && command.runs.others);
    let action = if !does_more
        && leaves_the_rest(&commands, &String::from_utf8_lossy(&new), is_lamps)
        && is_shell(&new)
    {
        Action::Edit { from: content, to: new }
    } else {
        Action::Name(Reason::Whole)
    };
    survey.add(Found::of(RC_LOCAL.to_owned(), starts, action));
}

/// Whether all unchanged lines of a script still run the same commands. A changed command that continues in
/// the next line, or has a here-document there, would leave a remainder.
fn leaves_the_rest(before: &[Ran], after: &str, is_changed: impl Fn(usize) -> bool) -> bool {
    let rest = |commands: &[Ran]| -> Vec<Ran> {
        commands.iter().filter(|command| !is_changed(command.line)).cloned().collect()
    };
    rest(before) == rest(&shell::commands(after))
}

/// Whether the shell accepts the syntax of a script. Does not run it.
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

#[cfg(test)]
mod tests {
    use super::leaves_the_rest;
    use crate::commands::shell::commands;
    use crate::lines::{End, marked};

    #[test]
    fn does_not_cut_a_command_of_several_lines() {
        for (script, line, expected) in [
            ("a\nfbcp &\nb\n", 2, true),
            ("if a; then\n  fbcp\nfi\nb\n", 2, true),
            ("fbcp \\\n  --fps 30\nb\n", 1, false),
            ("fbcp <<END\nreboot\nEND\nb\n", 1, false),
            ("fbcp 'a\nreboot'\nb\n", 1, false),
        ] {
            let after = marked(script.as_bytes(), End::Lf, super::MARK, |number| number == line);
            let after = String::from_utf8(after).unwrap();
            assert_eq!(
                leaves_the_rest(&commands(script), &after, |number| number == line),
                expected,
                "{script}"
            );
        }
    }
}
