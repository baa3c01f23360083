// SPDX-License-Identifier: GPL-3.0-or-later
//! The man pages in the package.
//!
//! Each command and subcommand has a page from the definition of its help. `lamp_service.conf(5)` comes from
//! the definition of the settings, and lampi-mqtt(7) from docs/mqtt.md.

mod contract;
mod roff;
mod settings_file;
#[cfg(test)]
mod supervisor_check;

use clap::Command;
use programs::manual::{self, Manual};
use programs::{PROGRAMS, Program, RunsAs};

use roff::Document;

/// A man page.
#[derive(Debug)]
pub(crate) struct Page {
    /// Its path in the package, without `.gz`.
    pub path: String,
    /// Its source for man(1).
    pub text: String,
}

impl Page {
    fn new(name: &str, section: &str, text: String) -> Self {
        Self { path: format!("usr/share/man/man{section}/{name}.{section}"), text }
    }
}

/// All pages, with this date (YYYY-MM-DD).
pub(crate) fn all(date: &str) -> Vec<Page> {
    let commands = programs::commands().map(|(name, command)| (name, command, "1"));
    let daemons = programs::daemons().map(|(name, command)| (name, command, "8"));
    let mut pages: Vec<Page> = commands
        .chain(daemons)
        .flat_map(|(name, command, section)| of_program(name, command, section, date))
        .collect();
    pages.push(settings_file::page(date));
    pages.push(contract::page(date));
    pages
}

/// The page of a command, and those of its subcommands, such as `lampi-set`.
fn of_program(name: &str, command: Command, section: &str, date: &str) -> Vec<Page> {
    let program = PROGRAMS.iter().find(|program| program.name == name);
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let subcommands: Vec<Command> = command.get_subcommands().cloned().collect();
    let mut pages = vec![of_command(command, section, date, program)];
    pages.extend(subcommands.into_iter().map(|command| of_command(command, section, date, None)));
    pages
}

fn of_command(command: Command, section: &str, date: &str, program: Option<&Program>) -> Page {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let manual = manual::of(&name).expect("a test of programs checks that each page has a manual");
    let mut document = Document::default();
    document.command(command, section, date);
    sections(&mut document, manual, program);
    Page::new(&name, section, document.finish())
}

/// The sections after the options.
fn sections(document: &mut Document, manual: &Manual, program: Option<&Program>) {
    for (heading, paragraphs) in manual.sections {
        document.section(heading);
        for paragraph in paragraphs.split("\n\n") {
            document.paragraph(paragraph);
        }
    }
    document.section("Exit status");
    document.list(manual.exit_status.iter().map(|(status, meaning)| (*status, *meaning)));
    let supervised = program.filter(|program| program.runs_as != RunsAs::Nobody);
    let own = supervised.map(|program| {
        let log = format!("The log of {}.", program.name);
        [
            (program.conf(), "The file with which Supervisor runs the program.".to_owned()),
            (program.log(), log),
        ]
    });
    let files = manual.files.iter().map(|(path, meaning)| ((*path).to_owned(), (*meaning).to_owned()));
    let files: Vec<(String, String)> = files.chain(own.into_iter().flatten()).collect();
    if !files.is_empty() {
        document.section("Files");
        document.list(files.iter().map(|(path, meaning)| (path.as_str(), meaning.as_str())));
    }
    if !manual.environment.is_empty() {
        document.section("Environment");
        document.list(manual.environment.iter().map(|(name, meaning)| (*name, *meaning)));
    }
    if !manual.examples.is_empty() {
        document.section("Examples");
        for (command, meaning) in manual.examples {
            document.paragraph(meaning);
            document.literal(command);
        }
    }
    document.see_also(manual.see_also);
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Writes all pages into a directory.
    fn written() -> (tempfile::TempDir, Vec<std::path::PathBuf>) {
        let directory = tempfile::tempdir().unwrap();
        let paths = all("2026-01-01").into_iter().map(|page| {
            let path = directory.path().join(page.path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, page.text).unwrap();
            path
        });
        let paths = paths.collect();
        (directory, paths)
    }

    #[test]
    fn mandoc_has_no_finding() {
        let (_directory, paths) = written();
        let output = Command::new("mandoc").arg("-Tlint").args(paths).output().expect("mandoc is installed");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    }

    #[test]
    fn man_prints_no_warning() {
        let (_directory, paths) = written();
        for path in paths {
            let mut man = Command::new("man");
            let output = man.env("LC_ALL", "C.UTF-8").args(["--warnings", "-l"]).arg(&path).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{}", path.display());
            assert!(output.stdout.len() > 500, "{}", path.display());
        }
    }

    #[test]
    fn every_page_has_the_sections_that_readers_expect() {
        for page in all("2026-01-01") {
            let mut sections = vec!["NAME", "DESCRIPTION", "SEE ALSO"];
            if !page.path.contains("/man5/") && !page.path.contains("/man7/") {
                sections.extend(["SYNOPSIS", "OPTIONS", "\"EXIT STATUS\"", "EXAMPLES"]);
            }
            for section in sections {
                let heading =
                    format!(".SH {}\n", if section == "SEE ALSO" { "\"SEE ALSO\"" } else { section });
                assert!(page.text.contains(&heading), "{} has no section {section}", page.path);
            }
        }
    }

    #[test]
    fn every_reference_to_a_page_of_the_package_is_right() {
        let pages = all("2026-01-01");
        let names: Vec<String> = pages
            .iter()
            .map(|page| {
                let (name, section) = page.path.rsplit_once('/').unwrap().1.rsplit_once('.').unwrap();
                format!("{name}({section})")
            })
            .collect();
        for page in &pages {
            let text = page.text.replace("\\-", "-").replace("\\fB", "").replace("\\fR", "");
            for word in text.split(|letter: char| letter.is_whitespace() || ",;`".contains(letter)) {
                let word = word.trim_end_matches('.');
                let is_own = ["lampi", "lamp_", "fbcp"].iter().any(|start| word.starts_with(start));
                if is_own && word.ends_with(')') && word.contains('(') {
                    assert!(names.iter().any(|name| name == word), "{}: {word}", page.path);
                }
            }
        }
    }
}
