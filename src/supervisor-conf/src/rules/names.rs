// SPDX-License-Identifier: GPL-3.0-or-later
//! Unknown sections, duplicate sections and keys, and invalid names.

use std::collections::BTreeMap;

use super::{Findings, Rule, keys, nearest, shown};
use crate::configuration::{Place, Section};
use crate::model::Model;
use crate::parser::SectionPart;
use crate::schema::{HEADERS, SectionKind};
use crate::values::forbidden_in_name;

pub(super) const RULES: &[Rule] =
    &[unknown_section, duplicate_section, duplicate_key, duplicate_name, bad_name];

fn unknown_section(model: &Model<'_>, findings: &mut Findings<'_>) {
    for section in &model.configuration.sections {
        if section.kind != SectionKind::Unknown {
            continue;
        }
        let stem = section.header.split(':').next().unwrap_or("").trim();
        // Never propose a section that already exists, such as [supervisord].
        let is_taken = |name: &str| model.configuration.section(name).is_some();
        let known = HEADERS.iter().map(|(name, _)| *name).filter(|name| !is_taken(name));
        let known = known.map(|name| name.trim_end_matches(':'));
        let fix = match nearest(stem, known) {
            Some(known) if HEADERS.contains(&(known, SectionKind::of(known))) => format!("write [{known}]"),
            Some(known) => format!("write [{known}:NAME]"),
            None => "remove it or correct its name".to_owned(),
        };
        if let Some(owner) = keys::owner_of_section(&section.header) {
            findings.hint(
                "foreign-key",
                section.place(),
                format!("{} is a section of {owner}; Supervisor ignores it", section.label()),
                "remove it unless you use that",
            );
            continue;
        }
        let text = format!("Supervisor does not read {}, so the whole section is ignored", section.label());
        findings.warning("unknown-section", section.place(), text, fix).about(&section.header, "");
    }
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
                format!("{} is already defined at {first}, and Supervisor merges the two", section.label()),
                "rename or remove one of them",
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
                        format!("`{}` of [{header}] overrides the one on line {line}", entry.key),
                        "keep one of the two",
                    );
                }
            }
        }
    }
}

/// A program outside any group forms a group with its own name; supervisord keeps one group per name.
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
            Some(first) => {
                findings.warning(
                    "duplicate-name",
                    section.place(),
                    format!(
                        "{} has the same name as {} at {}, and supervisord runs only one of them",
                        section.label(),
                        first.label(),
                        findings.named(first.place())
                    ),
                    "rename one of them",
                );
            }
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
                format!("{} has no name, so no supervisorctl command can refer to it", section.label()),
                "write a name after the colon",
            );
        }
    }
}
