// SPDX-License-Identifier: GPL-3.0-or-later
//! Programs of Supervisor, in its main file and in all that it includes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use supervisor_conf::{Host, Section};

use crate::lines::{self, End};
use crate::machine::{Content, Machine};
use crate::{Action, Found, Reason, Start, Survey, Unread, command};

/// Supervisor's main file.
const MAIN: &str = "/etc/supervisor/supervisord.conf";

/// Where Debian's main file has the programs.
const FOLDER: &str = "/etc/supervisor/conf.d";

/// The lamp's programs, whose files in that folder are the package's.
const OURS: [&str; 4] = ["fbcp", "pigpiod", "lamp_service", "lamp_ui"];

/// What stands before a line that was put out of action.
const MARK: &str = "; now run by lampi: ";

pub(crate) fn find(machine: &Machine, survey: &mut Survey) {
    // The main file includes the others, unless it is missing or says so wrongly; none is read twice.
    let main = machine.path(MAIN).is_file().then(|| MAIN.to_owned());
    let in_folder = machine.list_of(FOLDER, ".conf").into_iter();
    let in_folder =
        in_folder.map(|name| format!("{FOLDER}/{name}")).filter(|path| machine.path(path).is_file());
    let files: Vec<PathBuf> = main.into_iter().chain(in_folder).map(|path| machine.path(path)).collect();
    let Ok(sections) = supervisor_conf::sections(&files, &Host::new(machine.root())) else {
        survey.unread(Unread::Supervisor);
        return;
    };
    let lamps = lamps(&sections);
    let mut of_files: BTreeMap<String, Vec<(&Section, &Lamp)>> = BTreeMap::new();
    for (section, lamp) in sections.iter().zip(&lamps) {
        of_files.entry(machine.name_of(&section.file)).or_default().push((section, lamp));
    }
    for (path, sections) in of_files {
        if is_ours(&path) {
            continue;
        }
        let taken: Vec<&Section> =
            sections.iter().filter(|(_, lamp)| **lamp != Lamp::No).map(|(section, _)| *section).collect();
        let starts = sections.iter().filter_map(|(section, lamp)| match lamp {
            Lamp::Runs(program) => Some(Start { program, file: path.clone(), line: section.lines.start }),
            Lamp::No | Lamp::BelongsToIt => None,
        });
        let is_strange_group =
            |(section, lamp): &(&Section, &Lamp)| **lamp == Lamp::No && section.header.starts_with("group:");
        let action = if sections.iter().any(is_strange_group) {
            // Without its programs the group would stop all of Supervisor.
            Action::Name(Reason::Group)
        } else if taken.len() == sections.len() {
            Action::SetAside
        } else {
            let Content::Text(content) = machine.read(&path) else { continue };
            let is_taken = |line| taken.iter().any(|section| section.lines.contains(&line));
            let to = lines::marked(&content, End::Any, MARK, is_taken);
            Action::Edit { from: content, to }
        };
        let mut found = Found::of(path.clone(), starts.collect(), action);
        found.groups = names(taken.into_iter());
        survey.add(found);
    }
}

/// The names under which Supervisor knows what these files have it run of the lamp.
pub(crate) fn groups(machine: &Machine, paths: &[String]) -> Vec<String> {
    let files: Vec<PathBuf> =
        paths.iter().map(|path| machine.path(path)).filter(|path| path.is_file()).collect();
    let sections = supervisor_conf::sections(&files, &Host::new(machine.root())).unwrap_or_default();
    let lamps = lamps(&sections);
    names(sections.iter().zip(lamps).filter(|(_, lamp)| *lamp != Lamp::No).map(|(section, _)| section))
}

/// What stands behind the colons of the headers, each once.
fn names<'a>(sections: impl Iterator<Item = &'a Section>) -> Vec<String> {
    let mut names: Vec<String> = sections
        .filter_map(|section| section.header.split_once(':'))
        .map(|(_, name)| name.to_owned())
        .collect();
    names.dedup();
    names
}

/// What a section has to do with the lamp.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lamp {
    No,
    /// It runs this program, or is called like it, so that Supervisor would mix the two.
    Runs(&'static str),
    /// It groups nothing but such programs, or is the tutorial's exercise, which always fails.
    BelongsToIt,
}

fn lamps(sections: &[Section]) -> Vec<Lamp> {
    let mut lamps: Vec<Lamp> = sections.iter().map(of_program).collect();
    // A section that is opened twice in a file is one.
    for (at, section) in sections.iter().enumerate() {
        let same = |other: &Section| other.file == section.file && other.header == section.header;
        let parts = sections.iter().zip(&lamps).filter(|(other, lamp)| same(other) && **lamp != Lamp::No);
        if let Some(lamp) = parts.map(|(_, lamp)| *lamp).next() {
            lamps[at] = lamp;
        }
    }
    let programs: BTreeSet<&str> = sections
        .iter()
        .zip(&lamps)
        .filter(|(_, lamp)| **lamp != Lamp::No)
        .filter_map(|(section, _)| section.header.strip_prefix("program:"))
        .collect();
    for (section, lamp) in sections.iter().zip(&mut lamps) {
        let members = section.values.get("programs").map(String::as_str).unwrap_or_default();
        let mut members = members.split([',', ' ', '\t', '\n']).filter(|name| !name.is_empty()).peekable();
        let is_group = section.header.starts_with("group:") && members.peek().is_some();
        if is_group && members.all(|name| programs.contains(name) || OURS.contains(&name)) {
            *lamp = Lamp::BelongsToIt;
        }
    }
    lamps
}

fn of_program(section: &Section) -> Lamp {
    let Some(name) = section.header.strip_prefix("program:") else { return Lamp::No };
    let folder = section.values.get("directory").map(String::as_str).unwrap_or_default();
    let words: Vec<String> =
        section.command.iter().map(|word| word.replace("%(program_name)s", name)).collect();
    let program = command::programs(&words, folder).first().copied();
    match program.or_else(|| OURS.into_iter().find(|ours| *ours == name)) {
        Some(program) => Lamp::Runs(program),
        None if name == "test1" && words == ["/bin/ls"] => Lamp::BelongsToIt,
        None => Lamp::No,
    }
}

fn is_ours(path: &str) -> bool {
    let name = path.strip_prefix(FOLDER).and_then(|rest| rest.strip_prefix('/')?.strip_suffix(".conf"));
    name.is_some_and(|name| OURS.contains(&name))
}
