// SPDX-License-Identifier: GPL-3.0-or-later
//! Units of systemd that start at boot, parsed by the rules of systemd.unit(5) and systemd.syntax(7).
//!
//! A unit is started by a link to it in a directory `.wants`, `.requires` or `.upholds` of another unit. A
//! timer, path or socket unit starts the service with its own name, or the one that it names.

use std::collections::BTreeMap;
use std::path::Path;

use crate::commands::{Runs, command};
use crate::machine::Machine;
use crate::{Action, Found, Reason, Start, Survey};

/// Directories of the system's units, in order of precedence.
const DIRECTORIES: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// Directories of the units for every user.
const OF_EACH_USER: [&str; 4] =
    ["/etc/systemd/user", "/usr/local/lib/systemd/user", "/usr/lib/systemd/user", "/lib/systemd/user"];

/// Maximum length of a chain of links between unit files.
const MOST_ALIASES: usize = 8;

pub(crate) fn find(machine: &Machine, survey: &mut Survey) {
    // If /lib is a link to /usr/lib, skip it.
    let directories: Vec<&str> = DIRECTORIES
        .into_iter()
        .filter(|directory| !directory.starts_with("/lib") || machine.link("/lib").is_none())
        .collect();
    let units = Units { machine, directories: &directories };
    for (path, unit) in units.links() {
        units.wanted(&unit, &path, survey);
        let service = units.service(&unit, &path);
        let (starts, is_whole) = units.starts_of(&service, &path);
        let settings = units.settings(&service, &path);
        let action = if path.starts_with(DIRECTORIES[0]) && is_whole {
            let others = (service != unit).then_some(service);
            Action::Disable([unit].into_iter().chain(others).collect())
        } else {
            Action::Name(Reason::Whole)
        };
        let is_user = |setting: &&Setting| setting.section == "Service" && setting.key == "User";
        let user = settings.iter().rev().find(is_user).map(|setting| setting.value.as_str());
        survey.add(Found::of(path, starts, action).with_user(user.filter(|user| !user.is_empty())));
    }
}

/// Whether a unit is a service that only starts programs of the lamp.
pub(crate) fn is_of_the_lamp(machine: &Machine, unit: &str) -> bool {
    let (starts, is_whole) = Units { machine, directories: &DIRECTORIES }.starts_of(unit, "");
    is_whole && !starts.is_empty()
}

/// Units that start when any user logs in.
pub(crate) fn of_users(machine: &Machine, survey: &mut Survey) {
    let units = Units { machine, directories: &OF_EACH_USER };
    for (path, unit) in units.links() {
        let (starts, _) = units.starts_of(&units.service(&unit, &path), &path);
        survey.add(Found::of(path, starts, Action::Name(Reason::Whole)));
    }
}

/// Units that start only when the user with this home directory logs in.
pub(crate) fn of_person(machine: &Machine, home: &str, reason: &Reason, survey: &mut Survey) {
    let own = format!("{home}/.config/systemd/user");
    let directories: Vec<&str> = [own.as_str()].into_iter().chain(OF_EACH_USER).collect();
    let units = Units { machine, directories: &directories };
    for (path, unit) in units.links().into_iter().filter(|(path, _)| path.starts_with(&own)) {
        let (starts, _) = units.starts_of(&units.service(&unit, &path), &path);
        survey.add(Found::of(path, starts, Action::Name(reason.clone())));
    }
}

struct Units<'a> {
    machine: &'a Machine,
    directories: &'a [&'a str],
}

/// A line of a unit file.
struct Setting {
    section: String,
    key: String,
    value: String,
    file: String,
    line: usize,
}

impl Units<'_> {
    /// The links that start a unit, with the unit's name.
    fn links(&self) -> Vec<(String, String)> {
        let mut links = Vec::new();
        for directory in self.directories {
            let wanting = self.machine.list(directory).into_iter();
            for wanting in wanting.filter(|name| has_end(name, &[".wants", ".requires", ".upholds"])) {
                for unit in self.machine.list(&format!("{directory}/{wanting}")) {
                    if is_unit(&unit) && has_end(&unit, &[".service", ".timer", ".path", ".socket"]) {
                        links.push((format!("{directory}/{wanting}/{unit}"), unit));
                    }
                }
            }
        }
        links
    }

    /// The service that a unit starts: itself, or that of a timer, a path or a socket. `link` leads to the
    /// unit.
    fn service(&self, unit: &str, link: &str) -> String {
        let (stem, kind) = unit.rsplit_once('.').unwrap_or((unit, ""));
        let key = match kind {
            "service" => return unit.to_owned(),
            "socket" => "Service",
            _ => "Unit",
        };
        let settings = self.settings(unit, link);
        let named = settings.iter().rev().find(|setting| setting.key == key && !setting.value.is_empty());
        named.map_or_else(|| format!("{stem}.service"), |setting| setting.value.clone())
    }

    /// Services that a unit's own lines start together with it.
    fn wanted(&self, unit: &str, link: &str, survey: &mut Survey) {
        let keys = ["Wants", "Requires", "BindsTo", "Upholds", "Requisite"];
        for setting in self.settings(unit, link) {
            if setting.section != "Unit" || !keys.contains(&setting.key.as_str()) {
                continue;
            }
            let services = setting.value.split_whitespace().filter(|name| is_unit(name));
            let programs = services.flat_map(|service| self.starts_of(service, "").0);
            let start = |start: Start| Start { file: setting.file.clone(), line: setting.line, ..start };
            let starts = programs.map(start).collect();
            survey.add(Found::of(setting.file.clone(), starts, Action::Name(Reason::Whole)));
        }
    }

    /// What a service starts, and whether it starts nothing else. `link` may be a link to it.
    fn starts_of(&self, unit: &str, link: &str) -> (Vec<Start>, bool) {
        if !has_end(unit, &[".service"]) {
            return (Vec::new(), false);
        }
        let link = if link.ends_with(&format!("/{unit}")) { link } else { "" };
        let settings = self.settings(unit, link);
        let (name, instance) = name_and_instance(unit);
        let specified = |text: &str| specified(text, unit, name, instance);
        let mut directory = String::new();
        let mut commands: BTreeMap<&str, Vec<(&Setting, String)>> = BTreeMap::new();
        for setting in settings.iter().filter(|setting| setting.section == "Service") {
            match setting.key.as_str() {
                "WorkingDirectory" => {
                    specified(setting.value.trim_start_matches('-')).clone_into(&mut directory);
                }
                key @ ("ExecStart" | "ExecStartPre" | "ExecStartPost") => {
                    let commands = commands.entry(key).or_default();
                    if setting.value.is_empty() {
                        commands.clear();
                    } else {
                        commands.push((setting, specified(&setting.value)));
                    }
                }
                _ => {}
            }
        }
        let mut starts = Vec::new();
        let mut is_whole = true;
        for (key, commands) in &commands {
            for (setting, value) in commands {
                let mut runs = Runs::default();
                for words in split(value) {
                    runs.and(command::runs(&words, &directory));
                }
                // Commands before and after it serve the program. Other commands beside it do not.
                is_whole &= *key != "ExecStart" || !runs.programs.is_empty() && !runs.others;
                starts.extend(runs.programs.into_iter().map(|program| Start {
                    program,
                    file: setting.file.clone(),
                    line: setting.line,
                }));
            }
        }
        is_whole &= commands.contains_key("ExecStart");
        (starts, is_whole)
    }

    /// The settings of a unit in order: those of its file, then those of its drop-ins.
    fn settings(&self, unit: &str, link: &str) -> Vec<Setting> {
        let (name, instance) = name_and_instance(unit);
        let kind = unit.rsplit('.').next().unwrap_or_default();
        let mut names = vec![unit.to_owned()];
        if instance.is_some() {
            names.push(format!("{name}@.{kind}"));
        }
        let file = names.iter().find_map(|name| self.file(name)).or_else(|| self.target(link));
        let Some(file) = file else { return Vec::new() };
        let mut settings = self.read(&file);
        if settings.is_empty() {
            return settings; // masked: an empty file, or a link to /dev/null
        }
        // Drop-ins for all units of a type, for a common prefix, for the template, for the unit. Later ones
        // override.
        let stem = unit.rsplit_once('.').map_or(unit, |(stem, _)| stem);
        let beginnings = stem.match_indices('-').map(|(at, _)| format!("{}.{kind}.d", &stem[..=at]));
        let additions = [format!("{kind}.d")]
            .into_iter()
            .chain(beginnings)
            .chain(names.iter().rev().map(|name| format!("{name}.d")));
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        for addition in additions {
            for directory in self.directories.iter().rev() {
                let directory = format!("{directory}/{addition}");
                for name in self.machine.list_of(&directory, ".conf") {
                    let path = format!("{directory}/{name}");
                    files.insert(name, path);
                }
            }
        }
        settings.extend(files.values().flat_map(|file| self.read(file)));
        settings
    }

    /// The file of a unit.
    fn file(&self, name: &str) -> Option<String> {
        let mut name = name.to_owned();
        for _ in 0..MOST_ALIASES {
            let path = self
                .directories
                .iter()
                .map(|directory| format!("{directory}/{name}"))
                .find(|path| self.is_there(path))?;
            // An alias is a link to the unit. The directories decide which file has that name.
            let target = self.machine.link(&path).filter(|target| target != Path::new("/dev/null"));
            match target.as_deref().and_then(Path::file_name).and_then(|name| name.to_str()) {
                Some(target)
                    if target != name
                        && self
                            .directories
                            .iter()
                            .any(|directory| self.is_there(&format!("{directory}/{target}"))) =>
                {
                    target.clone_into(&mut name);
                }
                _ => return Some(path),
            }
        }
        None
    }

    /// The target of a link to a unit outside systemd's directories.
    fn target(&self, link: &str) -> Option<String> {
        let target = self.machine.link(link)?;
        let path = Path::new(link).parent()?.join(target);
        Some(path.to_str()?.to_owned())
    }

    fn is_there(&self, path: &str) -> bool {
        self.machine.path(path).symlink_metadata().is_ok()
    }

    fn read(&self, file: &str) -> Vec<Setting> {
        settings(file, &self.machine.text(file).unwrap_or_default())
    }
}

/// The settings of a file. A backslash at the end of a line joins the next line; comments in between are
/// skipped.
fn settings(file: &str, text: &str) -> Vec<Setting> {
    let mut settings = Vec::new();
    let mut section = String::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = (1..).zip(text.lines());
    // An even number of backslashes are escaped backslashes. After a trailing blank there is no continuation.
    let goes_on = |line: &str| line.len() - line.trim_end_matches('\\').len();
    while let Some((line, text)) = lines.next() {
        let mut whole = text.trim_start().to_owned();
        if whole.is_empty() || whole.starts_with(['#', ';']) {
            continue;
        }
        while goes_on(&whole) % 2 == 1 {
            let begun = &whole[..whole.len() - 1];
            let next = lines.find(|(_, next)| !next.trim_start().starts_with(['#', ';']));
            let Some((_, next)) = next else {
                whole = begun.to_owned();
                break;
            };
            whole = format!("{begun} {next}");
        }
        let whole = whole.trim_end();
        if let Some(header) = whole.strip_prefix('[') {
            header.trim_end_matches(']').clone_into(&mut section);
        } else if let Some((key, value)) = whole.split_once('=') {
            settings.push(Setting {
                section: section.clone(),
                key: key.trim().to_owned(),
                value: value.trim().to_owned(),
                file: file.to_owned(),
                line,
            });
        }
    }
    settings
}

/// The words of the commands in a line; a semicolon as a separate word separates commands.
fn split(line: &str) -> Vec<Vec<String>> {
    let mut words: Vec<String> = Vec::new();
    let mut letters = line.chars().peekable();
    while letters.peek().is_some() {
        if letters.next_if(|letter| letter.is_whitespace()).is_some() {
            continue;
        }
        let mut word = String::new();
        let mut quote = None;
        while let Some(letter) = letters.next_if(|letter| quote.is_some() || !letter.is_whitespace()) {
            match letter {
                '\\' => word.extend(letters.next()),
                _ if quote == Some(letter) => quote = None,
                '"' | '\'' if quote.is_none() => quote = Some(letter),
                _ => word.push(letter),
            }
        }
        words.push(word);
    }
    let commands = words.split(|word| word == ";");
    commands
        .map(|command| {
            let mut words = command.to_vec();
            // Prefixes of the path change how it runs. With @ the next word is only argv[0].
            if let Some(first) = words.first_mut() {
                let path = first.trim_start_matches(['-', '@', ':', '+', '!', '|']).to_owned();
                let is_renamed = first[..first.len() - path.len()].contains('@');
                *first = path;
                if is_renamed && words.len() > 1 {
                    words.remove(1);
                }
            }
            words
        })
        .collect()
}

/// `foo` and `bar` of `foo@bar.service`; `foo` of `foo.service`.
fn name_and_instance(unit: &str) -> (&str, Option<&str>) {
    let stem = unit.rsplit_once('.').map_or(unit, |(stem, _)| stem);
    match stem.split_once('@') {
        Some((name, instance)) => (name, Some(instance)),
        None => (stem, None),
    }
}

/// The text with the specifiers replaced that can occur in a program's path.
fn specified(text: &str, unit: &str, name: &str, instance: Option<&str>) -> String {
    let mut result = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            result.push(letter);
            continue;
        }
        match letters.next() {
            Some('i' | 'I') => result.push_str(instance.unwrap_or_default()),
            Some('p' | 'P') => result.push_str(name),
            Some('n') => result.push_str(unit),
            Some('N') => result.push_str(unit.rsplit_once('.').map_or(unit, |(stem, _)| stem)),
            Some('%') => result.push('%'),
            Some('h') => result.push('~'),
            _ => {}
        }
    }
    result
}

/// Whether this is a valid unit name.
fn is_unit(name: &str) -> bool {
    let is_allowed = |letter: char| letter.is_ascii_alphanumeric() || ":-_.\\@".contains(letter);
    !name.starts_with('.') && name.chars().all(is_allowed)
}

fn has_end(name: &str, ends: &[&str]) -> bool {
    ends.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_files_as_systemd_does() {
        let text = "[Service]\n# a\n  ExecStart = /usr/bin/python3 \\\n# between\n; and\n   x.py\\\n\nExecStart=\n[Install]\r\nA=b\r\n";
        let found: Vec<(String, String, String, usize)> = settings("/x", text)
            .into_iter()
            .map(|setting| (setting.section, setting.key, setting.value, setting.line))
            .collect();
        let expected = [
            ("Service", "ExecStart", "/usr/bin/python3     x.py", 3),
            ("Service", "ExecStart", "", 8),
            ("Install", "A", "b", 10),
        ];
        let expected: Vec<_> =
            expected.map(|(a, b, c, line)| (a.to_owned(), b.to_owned(), c.to_owned(), line)).into();
        assert_eq!(found, expected);
    }

    #[test]
    fn splits_commands_as_systemd_does() {
        for (line, expected) in [
            ("/usr/bin/fbcp --fps 30", &[&["/usr/bin/fbcp", "--fps", "30"][..]][..]),
            ("-@/usr/bin/python3 lamp /x.py", &[&["/usr/bin/python3", "/x.py"]]),
            ("!!/bin/sh -c 'fbcp &'", &[&["/bin/sh", "-c", "fbcp &"]]),
            ("/bin/a \"b c\" ; /bin/d;e", &[&["/bin/a", "b c"], &["/bin/d;e"]]),
            ("/bin/a b\\ c", &[&["/bin/a", "b c"]]),
            ("", &[&[]]),
            ("'", &[&[""]]),
        ] {
            let found = split(line);
            let found: Vec<Vec<&str>> =
                found.iter().map(|words| words.iter().map(String::as_str).collect()).collect();
            assert_eq!(found, expected, "{line}");
        }
    }

    #[test]
    fn replaces_specifiers() {
        assert_eq!(specified("/%i/%p/%N/%n/%%h", "a@b.service", "a", Some("b")), "/b/a/a@b/a@b.service/%h");
        assert_eq!(name_and_instance("a@b.service"), ("a", Some("b")));
        assert_eq!(name_and_instance("a.b.service"), ("a.b", None));
    }
}
