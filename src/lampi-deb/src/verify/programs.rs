// SPDX-License-Identifier: GPL-3.0-or-later
//! Checks of the programs: their architecture, their links, and a dependency for every library.

use goblin::elf::Elf;

use super::report::Problems;
use crate::architecture::Architecture;
use crate::deb::{Deb, EntryKind};
use crate::depends::{Need, needs, satisfied};
use programs::{ALIASES, Alias, PROGRAMS};

/// Paths of the programs in the package, each with its content.
fn programs(deb: &Deb) -> impl Iterator<Item = (&'static str, Option<&[u8]>)> {
    PROGRAMS.iter().map(|program| {
        (program.packaged_path(), deb.file(program.packaged_path()).and_then(|entry| entry.content()))
    })
}

pub(super) fn architecture(deb: &Deb) -> Problems {
    let name = deb.field("Architecture").unwrap_or_default();
    let Some(architecture) = Architecture::from_debian(&name) else {
        return vec![format!("the architecture '{name}' is not supported")];
    };
    let mut problems = Problems::new();
    for (path, content) in programs(deb) {
        match content.map(Elf::parse) {
            None => problems.push(format!("/{path} is missing")),
            Some(Err(_)) => problems.push(format!("/{path} is not an ELF file")),
            Some(Ok(elf)) if elf.header.e_machine != architecture.elf_machine() => {
                problems.push(format!("/{path} is not for {architecture}"));
            }
            Some(Ok(_)) => {}
        }
    }
    problems
}

pub(super) fn aliases(deb: &Deb) -> Problems {
    let is_there = |alias: &&Alias| {
        let kind = deb.file(alias.packaged_path()).map(|entry| &entry.kind);
        matches!(kind, Some(EntryKind::Link(target)) if target == alias.program)
    };
    let missing = ALIASES.iter().filter(|alias| !is_there(alias));
    missing.map(|alias| format!("{} is not a link to {}", alias.path, alias.program)).collect()
}

pub(super) fn libraries(deb: &Deb) -> Problems {
    let is_satisfied = |need: &Need| satisfied(&deb.field(need.field()).unwrap_or_default(), need);
    let mut problems = Problems::new();
    for (path, content) in programs(deb) {
        match content.map(needs) {
            None => {}
            Some(Err(error)) => problems.push(format!("/{path}: {error:#}")),
            Some(Ok(needs)) => {
                for need in needs.iter().filter(|need| !is_satisfied(need)) {
                    let version =
                        need.version.as_ref().map(|version| format!(" (>= {version})")).unwrap_or_default();
                    let Need { package, .. } = need;
                    problems.push(format!(
                        "/{path} requires {package}{version}, which is not in {}",
                        need.field()
                    ));
                }
            }
        }
    }
    problems
}
