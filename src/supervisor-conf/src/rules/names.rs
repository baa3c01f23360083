// SPDX-License-Identifier: GPL-3.0-or-later
//! Sections and keys that Supervisor does not know, and those it is given twice.

use std::collections::BTreeMap;

use super::{Findings, Rule, nearest, shown};
use crate::configuration::{Place, Section};
use crate::model::Model;
use crate::parser::{Entry, SectionPart};
use crate::schema::{HEADERS, SectionKind, all_keys};
use crate::values::forbidden_in_name;

pub(super) const RULES: &[Rule] =
    &[unknown_section, unknown_key, duplicate_section, duplicate_key, duplicate_name, bad_name];

fn unknown_section(model: &Model<'_>, findings: &mut Findings<'_>) {
    for section in &model.configuration.sections {
        if section.kind != SectionKind::Unknown {
            continue;
        }
        let stem = section.header.split(':').next().unwrap_or("").trim();
        let known = HEADERS.iter().map(|(name, _)| name.trim_end_matches(':'));
        let fix = match nearest(stem, known) {
            Some(known) if HEADERS.contains(&(known, SectionKind::of(known))) => format!("write [{known}]"),
            Some(known) => format!("write [{known}:NAME]"),
            None => "remove it, or correct its name".to_owned(),
        };
        let text =
            format!("{} is not a section that Supervisor reads, so all of it is ignored", section.label());
        findings.warning("unknown-section", section.place(), text, fix);
    }
}

fn unknown_key(model: &Model<'_>, findings: &mut Findings<'_>) {
    for (file, content) in model.configuration.files.iter().enumerate() {
        for part in &content.parsed.parts {
            let kind = SectionKind::of(&part.header);
            let known: Vec<&str> = match kind {
                SectionKind::Default => all_keys().map(|(name, _)| name).collect(),
                _ => match kind.keys() {
                    Some(keys) => keys.iter().copied().flatten().map(|key| key.name).collect(),
                    None => continue,
                },
            };
            let mut before: Option<&Entry> = None;
            for entry in &part.entries {
                if !known.contains(&entry.key.as_str()) {
                    let text = format!(
                        "{} is not a key of [{}], so it is ignored",
                        shown(&entry.written_key),
                        part.header
                    );
                    let fix = unknown_key_fix(entry, before, kind, &known);
                    findings.warning("unknown-key", Place { file, at: entry.at }, text, fix);
                }
                before = Some(entry);
            }
        }
    }
}

fn unknown_key_fix(entry: &Entry, before: Option<&Entry>, kind: SectionKind, known: &[&str]) -> String {
    if before.is_some_and(|before| before.key == "environment") && entry.written_key != entry.key {
        return "indent the line so that it continues `environment`".to_owned();
    }
    if let Some(known) = nearest(&entry.key, known.iter().copied()) {
        return format!("write `{known}`");
    }
    match all_keys().find(|(name, other)| *name == entry.key && *other != kind) {
        Some((_, other)) => format!("move it to {}", example(other)),
        None => "remove it".to_owned(),
    }
}

/// How a section of a kind is written.
fn example(kind: SectionKind) -> String {
    let (name, _) = HEADERS.iter().find(|(_, other)| *other == kind).expect("all known kinds have a header");
    if name.ends_with(':') { format!("a [{name}NAME] section") } else { format!("the [{name}] section") }
}

fn duplicate_section(model: &Model<'_>, findings: &mut Findings<'_>) {
    for section in &model.configuration.sections {
        let code = match section.kind {
            SectionKind::Group => "duplicate-group",
            kind if kind.is_program() => "duplicate-program",
            _ => continue,
        };
        for place in &section.headers[1..] {
            let first = findings.named(section.place());
            findings.warning(
                code,
                *place,
                format!("{} is already at {first}; its values are mixed with these", section.label()),
                "give one of them another name, or remove it",
            );
        }
    }
}

fn duplicate_key(model: &Model<'_>, findings: &mut Findings<'_>) {
    for (file, content) in model.configuration.files.iter().enumerate() {
        for SectionPart { header, entries, .. } in &content.parsed.parts {
            let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
            for entry in entries {
                if let Some(line) = lines.insert(&entry.key, entry.at.line) {
                    findings.warning(
                        "duplicate-key",
                        Place { file, at: entry.at },
                        format!("`{}` of [{header}] replaces the one on line {line}", entry.key),
                        "keep one of the two",
                    );
                }
            }
        }
    }
}

/// Every program outside of a group makes a group of its own name, and supervisord keeps one group of a name.
fn duplicate_name(model: &Model<'_>, findings: &mut Findings<'_>) {
    let programs = model.programs.iter().filter(|program| !program.grouped).map(|program| program.section);
    let groups = model.groups.iter().map(|group| group.section);
    let mut sections: Vec<&Section> = programs.chain(groups).collect();
    sections.sort_by_key(|section| section.place());
    let mut taken: BTreeMap<&str, &Section> = BTreeMap::new();
    for section in sections {
        match taken.get(section.name()) {
            None => {
                taken.insert(section.name(), section);
            }
            Some(first) => findings.warning(
                "duplicate-name",
                section.place(),
                format!(
                    "{} has the name of {} at {}, and supervisord runs only one of them",
                    section.label(),
                    first.label(),
                    findings.named(first.place())
                ),
                "give one of them another name",
            ),
        }
    }
}

fn bad_name(model: &Model<'_>, findings: &mut Findings<'_>) {
    let programs = model.programs.iter().map(|program| program.section);
    for section in programs.chain(model.groups.iter().map(|group| group.section)) {
        let name = section.name();
        if let Some(char) = forbidden_in_name(name) {
            findings.error(
                "bad-name",
                section.place(),
                format!("the name {} contains {}", shown(name), shown(&char.to_string())),
                "use letters, digits, `_`, `-` and `.`",
            );
        } else if name.is_empty() {
            findings.warning(
                "empty-name",
                section.place(),
                format!("{} has no name, so no command can address it", section.label()),
                "write a name behind the colon",
            );
        }
    }
}
