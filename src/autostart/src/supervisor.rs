// SPDX-License-Identifier: GPL-3.0-or-later
//! Programs of Supervisor, in its main file and all included files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use programs::{Program, paths};
use supervisor_conf::{Host, Section};

use crate::commands::command;
use crate::lines::{self, End};
use crate::machine::{Content, Machine};
use crate::{Action, Found, Reason, RunAs, Start, Survey, Unread};

/// Prefix of a disabled line.
const MARK: &str = "; now run by lampi: ";

pub(crate) fn find(machine: &Machine, survey: &mut Survey) {
    // The main file includes the others, unless it is missing or wrong. No file is read twice.
    let main = machine.path(paths::SUPERVISOR).is_file().then(|| paths::SUPERVISOR.to_owned());
    let in_directory = machine.list_of(paths::CONFS, ".conf").into_iter();
    let in_directory = in_directory
        .map(|name| format!("{}/{name}", paths::CONFS))
        .filter(|path| machine.path(path).is_file());
    let files: Vec<PathBuf> = main.into_iter().chain(in_directory).map(|path| machine.path(path)).collect();
    let Ok(sections) = supervisor_conf::sections(&files, &Host::new(machine.root())) else {
        survey.unread(Unread::Supervisor);
        return;
    };
    let lamps = lamps(&sections);
    let mut of_files: BTreeMap<String, Vec<(&Section, &Option<Lamp>)>> = BTreeMap::new();
    for (section, lamp) in sections.iter().zip(&lamps) {
        of_files.entry(name_of(machine, &section.file)).or_default().push((section, lamp));
    }
    let needed = needed_by_others(&sections, &lamps);
    for (path, sections) in of_files {
        if is_ours(&path) {
            continue;
        }
        let taken: Vec<&Section> =
            sections.iter().filter(|(_, lamp)| lamp.is_some()).map(|(section, _)| *section).collect();
        let starts = sections.iter().filter_map(|(section, lamp)| match lamp {
            Some(Lamp { program: Some(program), .. }) => {
                Some(Start { program, file: path.clone(), line: section.lines.start })
            }
            _ => None,
        });
        let is_needed = |section: &&Section| needed.contains(section.header.as_str());
        let does_more = |(_, lamp): &(&Section, &Option<Lamp>)| lamp.is_some_and(|lamp| lamp.does_more);
        let action = if taken.iter().any(is_needed) {
            Action::Name(Reason::Needed)
        } else if sections.iter().any(does_more) {
            Action::Name(Reason::Whole)
        } else if taken.len() == sections.len() {
            Action::SetAside
        } else {
            let Content::Text(content) = machine.read(&path) else { continue };
            let is_taken = |line| taken.iter().any(|section| section.lines.contains(&line));
            let to = lines::marked(&content, End::Any, MARK, is_taken);
            Action::Edit { from: content, to }
        };
        let mut found = Found::of(path.clone(), starts.collect(), action);
        found.run_as = run_as(&taken);
        found.groups = names(taken.into_iter());
        survey.add(found);
    }
}

/// The user that sections run the lamp's own programs as. `lamp_ui` takes precedence, because it reads Kivy's
/// configuration.
fn run_as(sections: &[&Section]) -> Option<RunAs> {
    ["lamp_ui", "lamp_service"].iter().find_map(|name| {
        let is_of = |section: &&&Section| of_program(section).is_some_and(|lamp| lamp.program == Some(name));
        let section = sections.iter().find(is_of)?;
        let user = section.values.get("user").filter(|user| !user.is_empty())?.clone();
        let environment = section.values.get("environment").map(String::as_str).unwrap_or_default();
        let kivy_home = supervisor_conf::pairs::variable(environment, "KIVY_HOME");
        Some(RunAs { user, kivy_home })
    })
}

/// Headers of the lamp's sections without which Supervisor would reject the remaining files: a group with
/// other programs names it, or another file has a part of it without a command.
fn needed_by_others<'a>(sections: &'a [Section], lamps: &[Option<Lamp>]) -> BTreeSet<&'a str> {
    let mut needed = BTreeSet::new();
    let mut by_header: BTreeMap<&str, Vec<(&Section, bool)>> = BTreeMap::new();
    for (section, lamp) in sections.iter().zip(lamps) {
        by_header.entry(&section.header).or_default().push((section, lamp.is_some()));
    }
    for (section, lamp) in sections.iter().zip(lamps) {
        if section.header.starts_with("group:") && lamp.is_none() {
            let headers = members(section)
                .filter_map(|name| by_header.get_key_value(format!("program:{name}").as_str()));
            needed.extend(headers.map(|(header, _)| *header));
        }
    }
    for (header, parts) in &by_header {
        let stays = |(section, is_lamps): &&(&Section, bool)| !is_lamps && section.command.is_empty();
        if parts.iter().any(|(_, is_lamps)| *is_lamps) && parts.iter().any(|part| stays(&part)) {
            needed.insert(header);
        }
    }
    needed
}

/// The names in Supervisor of the lamp's programs in these files.
pub(crate) fn groups(machine: &Machine, paths: &[String]) -> Vec<String> {
    let files: Vec<PathBuf> =
        paths.iter().map(|path| machine.path(path)).filter(|path| path.is_file()).collect();
    let sections = supervisor_conf::sections(&files, &Host::new(machine.root())).unwrap_or_default();
    let lamps = lamps(&sections);
    names(sections.iter().zip(lamps).filter(|(_, lamp)| lamp.is_some()).map(|(section, _)| section))
}

/// The path of a file on the machine, however Supervisor's main file refers to it.
fn name_of(machine: &Machine, path: &Path) -> String {
    let mut name = PathBuf::new();
    for component in Path::new(&machine.name_of(path)).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                name.pop();
            }
            other => name.push(other),
        }
    }
    name.to_string_lossy().into_owned()
}

/// The names in the headers, after the colon, without duplicates.
fn names<'a>(sections: impl Iterator<Item = &'a Section>) -> Vec<String> {
    let mut names: Vec<String> = sections
        .filter_map(|section| section.header.split_once(':'))
        .map(|(_, name)| name.to_owned())
        .collect();
    names.dedup();
    names
}

/// How a section is related to the lamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lamp {
    /// The program that it runs or has the name of, which Supervisor would confuse with the package's. None
    /// for a group of only such programs, and for the tutorial's exercise, which always fails.
    program: Option<&'static str>,
    /// Whether it also runs something else.
    does_more: bool,
}

fn lamps(sections: &[Section]) -> Vec<Option<Lamp>> {
    // If a section has several parts in one file, the last value of a key takes effect.
    let mut of_header: BTreeMap<(&Path, &str), Option<Lamp>> = BTreeMap::new();
    for section in sections {
        let key = (section.file.as_path(), section.header.as_str());
        let known = of_header.contains_key(&key);
        if !known || !section.command.is_empty() {
            of_header.insert(key, of_program(section));
        }
    }
    let of = |section: &Section| of_header[&(section.file.as_path(), section.header.as_str())];
    let mut lamps: Vec<Option<Lamp>> = sections.iter().map(of).collect();
    let programs: BTreeSet<&str> = sections
        .iter()
        .zip(&lamps)
        .filter(|(_, lamp)| lamp.is_some())
        .filter_map(|(section, _)| section.header.strip_prefix("program:"))
        .collect();
    for (section, lamp) in sections.iter().zip(&mut lamps) {
        let mut members = members(section).peekable();
        let is_group = section.header.starts_with("group:") && members.peek().is_some();
        if is_group && members.all(|name| programs.contains(name) || Program::supervised(name).is_some()) {
            *lamp = Some(Lamp { program: None, does_more: false });
        }
    }
    lamps
}

/// The programs of a group.
fn members(section: &Section) -> impl Iterator<Item = &str> {
    let members = section.values.get("programs").map(String::as_str).unwrap_or_default();
    members.split([',', ' ', '\t', '\n']).filter(|name| !name.is_empty())
}

fn of_program(section: &Section) -> Option<Lamp> {
    let (kind, name) = section.header.split_once(':')?;
    if !["program", "eventlistener", "fcgi-program"].contains(&kind) {
        return None;
    }
    let directory = section.values.get("directory").map(String::as_str).unwrap_or_default();
    let words: Vec<String> =
        section.command.iter().map(|word| word.replace("%(program_name)s", name)).collect();
    let runs = command::runs(&words, directory);
    let program = runs.programs.first().copied();
    let called = Program::supervised(name).filter(|_| kind == "program").map(|ours| ours.name);
    let is_exercise = name == "test1" && words == ["/bin/ls"];
    let does_more = program.is_some() && runs.others;
    (program.is_some() || called.is_some() || is_exercise)
        .then(|| Lamp { program: program.or(called), does_more })
}

fn is_ours(path: &str) -> bool {
    if path == programs::user_conf::PATH {
        return true;
    }
    let name = path.strip_prefix(paths::CONFS).and_then(|rest| rest.strip_prefix('/')?.strip_suffix(".conf"));
    name.is_some_and(|name| Program::supervised(name).is_some())
}
