// SPDX-License-Identifier: GPL-3.0-or-later
//! Keys that Supervisor does not read, and what their author probably meant.

use super::{Findings, Rule, nearest, shown};
use crate::configuration::Place;
use crate::model::Model;
use crate::parser::{Entry, SectionPart};
use crate::schema::{HEADERS, SectionKind, all_keys};

pub(super) const RULES: &[Rule] = &[unknown_key];

/// Names of other programs for a program's keys, with Supervisor's name.
const MEANT: &[(&str, &str)] = &[
    ("args", "command"),
    ("backups", "stdout_logfile_backups"),
    ("chdir", "directory"),
    ("cmd", "command"),
    ("count", "numprocs"),
    ("cwd", "directory"),
    ("env", "environment"),
    ("environ", "environment"),
    ("err_logfile", "stderr_logfile"),
    ("error_log", "stderr_logfile"),
    ("exec", "command"),
    ("exit_codes", "exitcodes"),
    ("instances", "numprocs"),
    ("killsignal", "stopsignal"),
    ("log", "stdout_logfile"),
    ("log_file", "stdout_logfile"),
    ("log_stderr", "redirect_stderr"),
    ("logfile", "stdout_logfile"),
    ("logfile_backups", "stdout_logfile_backups"),
    ("logfile_maxbytes", "stdout_logfile_maxbytes"),
    ("maxbytes", "stdout_logfile_maxbytes"),
    ("out_logfile", "stdout_logfile"),
    ("path", "directory"),
    ("process_count", "numprocs"),
    ("processes", "numprocs"),
    ("redirect", "redirect_stderr"),
    ("respawn", "autorestart"),
    ("restart", "autorestart"),
    ("retries", "startretries"),
    ("runas", "user"),
    ("signal", "stopsignal"),
    ("start_delay", "startsecs"),
    ("stderr", "stderr_logfile"),
    ("stderr_log", "stderr_logfile"),
    ("stderr_maxbytes", "stderr_logfile_maxbytes"),
    ("stdout", "stdout_logfile"),
    ("stdout_log", "stdout_logfile"),
    ("stdout_maxbytes", "stdout_logfile_maxbytes"),
    ("stop_signal", "stopsignal"),
    ("stop_timeout", "stopwaitsecs"),
    ("stopsecs", "stopwaitsecs"),
    ("stoptimeout", "stopwaitsecs"),
    ("timeout", "stopwaitsecs"),
    ("uid", "user"),
    ("username", "user"),
    ("workdir", "directory"),
    ("workers", "numprocs"),
    ("working_dir", "directory"),
    ("working_directory", "directory"),
    ("workingdirectory", "directory"),
];

const DEPENDENT_STARTUP: &str = "the plugin supervisord-dependent-startup";
const GO: &str = "the Go implementation of supervisord";

/// Keys in program sections that are not Supervisor's, with their owner.
const FOREIGN: &[(&str, &str)] = &[
    ("cron", GO),
    ("dependent_startup", DEPENDENT_STARTUP),
    ("dependent_startup_inherit_priority", DEPENDENT_STARTUP),
    ("dependent_startup_wait_for", DEPENDENT_STARTUP),
    ("depends_on", GO),
    ("envfiles", GO),
    ("killwaitsecs", GO),
    ("restart_cmd_when_binary_changed", GO),
    ("restart_cmd_when_file_changed", GO),
    ("restart_directory_monitor", GO),
    ("restart_file_pattern", GO),
    ("restart_signal_when_binary_changed", GO),
    ("restart_signal_when_file_changed", GO),
    ("restart_when_binary_changed", GO),
    ("restartpause", GO),
    ("stopsignals", GO),
];

/// Prefixes of section headers that are not Supervisor's, with their owner.
const FOREIGN_SECTIONS: &[(&str, &str)] =
    &[("program-default", GO), ("multivisor", "the program Multivisor")];

/// The plugin or other program that reads this key.
fn owner(key: &str, kind: SectionKind) -> Option<&'static str> {
    let of_program = kind.is_program() || kind == SectionKind::Default;
    FOREIGN.iter().find(|(name, _)| of_program && *name == key).map(|(_, owner)| *owner)
}

/// The plugin or other program that reads this section.
pub(super) fn owner_of_section(header: &str) -> Option<&'static str> {
    let stem = header.split(':').next().unwrap_or("");
    FOREIGN_SECTIONS.iter().find(|(name, _)| *name == stem).map(|(_, owner)| *owner)
}

fn unknown_key(model: &Model<'_>, findings: &mut Findings<'_>) {
    for (file, content) in model.configuration.files.iter().enumerate() {
        for part in &content.parsed.parts {
            let kind = SectionKind::of(&part.header);
            let known: Vec<&'static str> = match kind {
                SectionKind::Default => all_keys().map(|(name, _)| name).collect(),
                _ => match kind.keys() {
                    Some(keys) => keys.iter().copied().flatten().map(|key| key.name).collect(),
                    None => continue,
                },
            };
            // Whether the line before is part of `environment`, or should be.
            let mut in_environment = false;
            let mut reported = false;
            for entry in &part.entries {
                let place = Place { file, at: entry.at };
                if known.contains(&entry.key.as_str()) {
                    (in_environment, reported) = (entry.key == "environment", false);
                    continue;
                }
                if let Some(header) = open_header(entry) {
                    let text = format!(
                        "this section header has no closing bracket, so it is read as a key of [{}]",
                        part.header
                    );
                    findings.warning(
                        "unknown-key",
                        place,
                        text,
                        format!("write {}", shown(&format!("[{header}]"))),
                    );
                    continue;
                }
                if in_environment && entry.written_key != entry.key {
                    // Report only the first of several such lines.
                    if !reported {
                        let fix = "to continue `environment`, indent this line and similar lines below it";
                        findings.warning("unknown-key", place, ignored(entry, part), fix);
                    }
                    reported = true;
                    continue;
                }
                in_environment = false;
                if let Some(owner) = owner(&entry.key, kind) {
                    let text = format!("`{}` is a key of {owner}; Supervisor ignores it", entry.key);
                    findings.hint("foreign-key", place, text, "remove it unless you use that");
                    continue;
                }
                let has = |key: &str| {
                    model.configuration.section(&part.header).is_some_and(|section| section.has(key))
                };
                let (fix, meant) = cure(entry, part, kind, &known, &has);
                let found = findings.warning("unknown-key", place, ignored(entry, part), fix);
                if let Some(meant) = meant {
                    found.about(&part.header, meant);
                }
            }
        }
    }
}

/// The intended header of a key such as `[program`.
pub(super) fn open_header(entry: &Entry) -> Option<String> {
    let kind = entry.written_key.strip_prefix('[')?;
    let name = entry.value.to_string();
    let header = format!("{kind}:{}", name.trim_end_matches([')', '}', '>', ' ']));
    (SectionKind::of(&header) != SectionKind::Unknown).then_some(header)
}

fn ignored(entry: &Entry, part: &SectionPart) -> String {
    format!("{} is not a key of [{}], so supervisord ignores it", shown(&entry.written_key), part.header)
}

/// The fix for a key, and the intended key. Never proposes a key that the section already has.
fn cure(
    entry: &Entry,
    part: &SectionPart,
    kind: SectionKind,
    known: &[&'static str],
    has: &dyn Fn(&str) -> bool,
) -> (String, Option<&'static str>) {
    let key = entry.key.as_str();
    let name = part.header.split_once(':').map_or("NAME", |(_, name)| name.trim());
    if kind.is_program() {
        match key {
            "group" | "groups" => {
                let group = entry.value.to_string();
                let group = if group.is_empty() { "NAME" } else { &group };
                return (
                    format!("write {} with `programs={name}`", shown(&format!("[group:{group}]"))),
                    None,
                );
            }
            "programs" => return ("move it to a [group:NAME] section".to_owned(), None),
            "name" => return (format!("remove it; the name of this program is {}", shown(name)), None),
            "loglevel" => {
                let fix =
                    "remove it or move it to [supervisord]; Supervisor cannot filter a program's output";
                return (fix.to_owned(), None);
            }
            _ => {}
        }
        if let Some((_, meant)) = MEANT.iter().find(|(word, _)| *word == key) {
            return if has(meant) {
                (format!("remove it; `{meant}` is set already"), None)
            } else {
                (format!("write `{meant}`"), Some(meant))
            };
        }
    }
    if kind == SectionKind::Group && all_keys().any(|(name, of)| name == key && of == SectionKind::Program) {
        return ("move it to the [program:NAME] sections of the group".to_owned(), None);
    }
    match nearest(key, known.iter().copied()) {
        Some(doubled) if has(doubled) => return (format!("remove it; `{doubled}` is set already"), None),
        Some(meant) => {
            let fix = format!("write `{meant}`");
            return (fix, known.iter().copied().find(|known| *known == meant));
        }
        None => {}
    }
    match all_keys().find(|(name, other)| *name == key && *other != kind) {
        Some((_, other)) => (format!("move it to {}", example(other)), None),
        None => ("remove it".to_owned(), None),
    }
}

/// The header of a kind of section, for a fix.
fn example(kind: SectionKind) -> String {
    let (name, _) = HEADERS.iter().find(|(_, other)| *other == kind).expect("all known kinds have a header");
    if name.ends_with(':') {
        format!("{} [{name}NAME] section", if name.starts_with('e') { "an" } else { "a" })
    } else {
        format!("the [{name}] section")
    }
}
