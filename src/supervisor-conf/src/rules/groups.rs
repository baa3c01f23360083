// SPDX-License-Identifier: GPL-3.0-or-later
//! Groups and their members.

use std::collections::BTreeMap;

use super::{Findings, Rule, nearest, shown};
use crate::configuration::{Located, Place, Section};
use crate::model::Model;
use crate::schema::SectionKind;

pub(super) const RULES: &[Rule] = &[members, empty_group, duplicate_process];

fn members(model: &Model<'_>, findings: &mut Findings<'_>) {
    for group in &model.groups {
        for (name, place) in &group.members {
            let program = model.configuration.section(&format!("program:{name}"));
            let fcgi_program = model.configuration.section(&format!("fcgi-program:{name}"));
            if program.is_none() && fcgi_program.is_none() {
                let known = model.programs.iter().map(|program| program.section);
                let is_member = |section: &Section| {
                    group.members.iter().any(|(member, _)| member.as_str() == section.name())
                };
                let known =
                    known.filter(|section| section.kind != SectionKind::EventListener && !is_member(section));
                let fix = match nearest(name, known.map(Section::name)) {
                    Some(known) => format!("write `{known}`"),
                    None if name.is_empty() => "remove the extra comma".to_owned(),
                    None => {
                        "remove the name, or check this file together with the file that defines the program"
                            .to_owned()
                    }
                };
                findings.error(
                    "unknown-program",
                    *place,
                    format!(
                        "{} lists the program {}, but no file defines it",
                        group.section.label(),
                        shown(name)
                    ),
                    fix,
                );
            } else if program.is_some() && fcgi_program.is_some() {
                findings.error(
                    "ambiguous-program",
                    *place,
                    format!("{} is both a [program:{name}] and an [fcgi-program:{name}]", shown(name)),
                    "rename one of them",
                );
            }
        }
    }
}

fn empty_group(model: &Model<'_>, findings: &mut Findings<'_>) {
    for group in &model.groups {
        let programs = model.configuration.get(group.section, "programs");
        if programs.is_none_or(|programs| programs.entry.value.is_empty()) {
            findings.warning(
                "empty-group",
                programs.map_or(group.section.place(), Located::value_place),
                format!("{} has no programs", group.section.label()),
                "write `programs=NAME,NAME`",
            );
        }
    }
}

/// A group keeps only one process with each name.
fn duplicate_process(model: &Model<'_>, findings: &mut Findings<'_>) {
    let mut taken: BTreeMap<(&str, String), Place> = BTreeMap::new();
    for program in model.programs.iter().filter(|program| program.grouped) {
        let Some(located) = model.configuration.get(program.section, "process_name") else { continue };
        for process in &program.processes {
            let Some(name) = model.process_text(program, process, "process_name") else { continue };
            let place = located.value_place();
            let first = *taken.entry((&program.group_name, name.to_string())).or_insert(place);
            if first != place {
                findings.warning(
                    "duplicate-process",
                    place,
                    format!(
                        "group {} already has a process {} from {}, so only one of them runs",
                        shown(&program.group_name),
                        shown(&name.to_string()),
                        findings.named(first)
                    ),
                    "add %(program_name)s to the name",
                );
            }
        }
    }
}
