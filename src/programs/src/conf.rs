// SPDX-License-Identifier: GPL-3.0-or-later
//! The requirements for the Supervisor file of a program of the lamp, beyond those of Supervisor itself. The
//! builder checks the package's files, and the doctor those of a lamp.

use std::fmt;

use supervisor_conf::Autorestart;

use crate::{Program, RunsAs};

/// Supervisor's default number of attempts to start a program. These are too few for a peer that starts late.
const FEW_RETRIES: i64 = 3;

/// Variables that a program of the lamp's user requires.
const VARIABLES: [&str; 2] = ["HOME", "KIVY_HOME"];

/// A wrong value in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The program does not start with Supervisor.
    NoAutostart,
    /// Supervisor does not always restart it.
    NoAutorestart,
    /// Supervisor stops trying to start it after a few attempts.
    FewRetries,
    /// It does not write its output to one log.
    SeveralLogs,
    /// It requires root, and does not run as root.
    NotRoot,
    /// It runs as root, so its files would not belong to the lamp's user.
    Root,
    /// This variable is not set.
    NoVariable(&'static str),
    /// pigpiod would leave the foreground, so Supervisor could not control it.
    Background,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NoAutostart => "it does not start with Supervisor",
            Self::NoAutorestart => "Supervisor does not always restart it",
            Self::FewRetries => "Supervisor stops trying to start it after a few attempts",
            Self::SeveralLogs => "it does not write its output to one log",
            Self::NotRoot => "it does not run as root, which it requires",
            Self::Root => "it runs as root, so its files do not belong to the lamp's user",
            Self::NoVariable(name) => return write!(formatter, "{name} is not set"),
            Self::Background => "pigpiod leaves the foreground (no -g)",
        })
    }
}

/// The wrong values in the section of a program.
#[must_use]
pub fn faults(program: &Program, section: &supervisor_conf::Program) -> Vec<Fault> {
    let is_root = section.user.as_deref().is_none_or(|user| user == "root" || user == "0");
    let needs_user = program.runs_as == RunsAs::LampUser;
    let lacks = |name: &&str| needs_user && !section.environment.contains_key(*name);
    let checks = [
        (section.autostart, Fault::NoAutostart),
        (section.autorestart == Autorestart::Always, Fault::NoAutorestart),
        (section.startretries > FEW_RETRIES, Fault::FewRetries),
        (section.redirect_stderr && section.logs.len() == 1, Fault::SeveralLogs),
        (needs_user || is_root, Fault::NotRoot),
        (!needs_user || !is_root, Fault::Root),
        (program.name != "pigpiod" || section.command.iter().any(|word| word == "-g"), Fault::Background),
    ];
    let broken = checks.into_iter().filter(|(holds, _)| !holds).map(|(_, fault)| fault);
    broken.chain(VARIABLES.into_iter().filter(lacks).map(Fault::NoVariable)).collect()
}

/// The first two neighbours in `sections` with priorities in the wrong order.
#[must_use]
pub fn out_of_order<'a>(
    sections: &[&'a supervisor_conf::Program],
) -> Option<(&'a supervisor_conf::Program, &'a supervisor_conf::Program)> {
    sections.windows(2).find(|pair| pair[0].priority >= pair[1].priority).map(|pair| (pair[0], pair[1]))
}

#[cfg(test)]
mod tests {
    use supervisor_conf::Host;

    use super::*;

    /// The sections in `text`, parsed by the library that also parses those of a lamp.
    fn read(text: &str) -> Vec<supervisor_conf::Program> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("lamp.conf");
        std::fs::write(&file, text).unwrap();
        supervisor_conf::check(&[file], &Host::new(directory.path())).unwrap().programs
    }

    const SOUND: &str =
        "autostart=true\nautorestart=true\nstartretries=9\nredirect_stderr=true\nstdout_logfile=/a\n";

    fn found(name: &str, lines: &str) -> Vec<Fault> {
        let sections = read(&format!("[program:{name}]\ncommand=/x/{name}\n{SOUND}{lines}"));
        faults(Program::supervised(name).unwrap(), &sections[0])
    }

    #[test]
    fn finds_faults() {
        let user = "user=pi\nenvironment=HOME=\"/h\",KIVY_HOME=\"/k\"\n";
        for (name, lines, expected) in [
            ("fbcp", "", &[] as &[Fault]),
            ("fbcp", "user=0\n", &[]),
            ("fbcp", "user=pi\n", &[Fault::NotRoot]),
            ("pigpiod", "", &[Fault::Background]),
            ("lamp_ui", user, &[]),
            ("lamp_ui", "user=pi\n", &[Fault::NoVariable("HOME"), Fault::NoVariable("KIVY_HOME")]),
            ("lamp_service", "environment=HOME=\"/h\",KIVY_HOME=\"/k\"\n", &[Fault::Root]),
        ] {
            assert_eq!(found(name, lines), expected, "{name} {lines}");
        }
        let sections = read("[program:fbcp]\ncommand=/x\nautostart=false\nautorestart=unexpected\n");
        assert_eq!(
            faults(Program::supervised("fbcp").unwrap(), &sections[0]),
            [Fault::NoAutostart, Fault::NoAutorestart, Fault::FewRetries, Fault::SeveralLogs]
        );
    }

    #[test]
    fn compares_priorities() {
        let sections = read("[program:a]\ncommand=/a\npriority=1\n[program:b]\ncommand=/b\npriority=1\n");
        let pair = out_of_order(&sections.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!((pair.0.name.as_str(), pair.1.name.as_str()), ("a", "b"));
        assert!(out_of_order(&[&sections[0]]).is_none());
    }
}
