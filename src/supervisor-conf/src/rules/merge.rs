// SPDX-License-Identifier: GPL-3.0-or-later
//! Removes findings that only follow from another finding, and findings that a comment disables.
//!
//! The remaining finding takes the highest severity, so a file that supervisord refuses always has an error.

use std::collections::BTreeSet;

use super::keys::open_header;
use super::syntax::{Swallowed, swallowed};
use super::{Findings, Found};
use crate::codes;
use crate::configuration::{Configuration, Place};
use crate::finding::Severity;
use crate::parser::{Entry, SectionPart, SyntaxFaultKind};

/// Filters sorted findings.
pub(super) fn merge(configuration: &Configuration, mut found: Vec<Found>) -> Vec<Found> {
    swallowed_lines(configuration, &mut found);
    open_headers(configuration, &mut found);
    misspelt_keys(&mut found);
    misspelt_sections(&mut found);
    lines(&mut found);
    found = templates(configuration, found);
    found = disabled(configuration, found);
    found
}

/// Removes the findings that `follows` selects, except the one at `cause`, which takes their highest
/// severity.
fn absorb(found: &mut Vec<Found>, cause: Place, code: &str, follows: impl Fn(&Found) -> bool) {
    let is_cause = |one: &Found| one.place == cause && one.finding.code == code;
    let worst =
        found.iter().filter(|one| !is_cause(one) && follows(one)).map(|one| one.finding.severity).min();
    found.retain(|one| is_cause(one) || !follows(one));
    if let (Some(worst), Some(cause)) = (worst, found.iter_mut().find(|one| is_cause(one))) {
        cause.finding.severity = cause.finding.severity.min(worst);
    }
}

/// Findings about a value that contains swallowed lines, and about sections that miss those lines.
fn swallowed_lines(configuration: &Configuration, found: &mut Vec<Found>) {
    for (number, file) in configuration.files.iter().enumerate() {
        let parts = &file.parsed.parts;
        for (index, part) in parts.iter().enumerate() {
            let end = parts.get(index + 1).map_or(usize::MAX, |next| next.at.line);
            for entry in &part.entries {
                let Swallowed { first: Some(first), headers, keys } = swallowed(entry, part) else {
                    continue;
                };
                let lines = entry.at.line..=last_line(entry);
                let names: Vec<&str> = headers
                    .iter()
                    .filter_map(|header| header.split_once(':'))
                    .map(|(_, name)| name)
                    .collect();
                absorb(found, Place { file: number, at: first }, "swallowed-line", |one| {
                    let (line, code) = (one.place.at.line, one.finding.code);
                    let here = one.place.file == number;
                    let missing = one.about.as_ref().filter(|_| code.starts_with("missing"));
                    (here && lines.contains(&line))
                        || missing.is_some_and(|(header, key)| {
                            *header == part.header && keys.iter().any(|swallowed| swallowed == key)
                        })
                        || (here
                            && !headers.is_empty()
                            && (part.at.line..end).contains(&line)
                            && (line > *lines.end() || code.starts_with("missing"))
                            && is_of_mixed_sections(code))
                        || (code == "unknown-program"
                            && names.iter().any(|name| one.finding.text.contains(&format!("`{name}`"))))
                });
            }
        }
    }
}

/// The last line of an entry.
fn last_line(entry: &Entry) -> usize {
    let value = entry.value.chars().last().map_or(entry.at.line, |(_, at)| at.line);
    entry.comments.iter().map(|comment| comment.at.line).chain([value]).max().unwrap_or(entry.at.line)
}

/// Codes that occur when the keys of two sections are in one.
fn is_of_mixed_sections(code: &str) -> bool {
    matches!(code, "duplicate-key" | "unknown-key" | "foreign-key") || code.starts_with("missing-")
}

/// After a header without a closing bracket, the next keys belong to the section before it.
fn open_headers(configuration: &Configuration, found: &mut Vec<Found>) {
    for (number, file) in configuration.files.iter().enumerate() {
        let faults = file.parsed.faults.iter().filter_map(|fault| match &fault.kind {
            SyntaxFaultKind::OpenHeader(header) => Some((fault.at, "not-a-setting", header.clone())),
            _ => None,
        });
        // With a colon in it, supervisord reads the header as a key.
        let entries = file.parsed.parts.iter().flat_map(|part| &part.entries);
        let keys = entries.filter_map(|entry| Some((entry.at, "unknown-key", open_header(entry)?)));
        for (at, code, header) in faults.chain(keys) {
            let next = |part: &&SectionPart| part.at.line > at.line;
            let end = file.parsed.parts.iter().find(next).map_or(usize::MAX, |part| part.at.line);
            let name = header.split_once(':').map(|(_, name)| format!("`{name}`"));
            absorb(found, Place { file: number, at }, code, |one| {
                let follows = one.place.file == number
                    && (at.line + 1..end).contains(&one.place.at.line)
                    && is_of_mixed_sections(one.finding.code);
                let names_it = one.finding.code == "unknown-program"
                    && name.as_ref().is_some_and(|name| one.finding.text.contains(name));
                follows || names_it
            });
        }
    }
}

/// A key that is missing because it is misspelt.
fn misspelt_keys(found: &mut Vec<Found>) {
    let missing: Vec<(String, &'static str)> = found
        .iter()
        .filter(|one| one.finding.code.starts_with("missing-") || one.finding.code == "process-num-missing")
        .filter_map(|one| one.about.clone())
        .collect();
    for about in missing {
        let is_misspelt =
            |one: &Found| one.finding.code == "unknown-key" && one.about.as_ref() == Some(&about);
        let Some(index) = found.iter().position(is_misspelt) else { continue };
        let misspelt = found.remove(index);
        for one in found.iter_mut().filter(|one| one.about.as_ref() == Some(&about)) {
            let Found { place, finding, .. } = one;
            *place = misspelt.place;
            finding.file.clone_from(&misspelt.finding.file);
            (finding.line, finding.column) = (misspelt.finding.line, misspelt.finding.column);
            finding.text = format!("{}, and {}", misspelt.finding.text, finding.text);
            finding.fix.clone_from(&misspelt.finding.fix);
        }
    }
}

/// A program that a group lacks because the program's header is misspelt.
fn misspelt_sections(found: &mut Vec<Found>) {
    let misspelt: Vec<(Place, String, String)> = found
        .iter()
        .filter(|one| one.finding.code == "unknown-section" && one.finding.fix.starts_with("write"))
        .filter_map(|one| {
            let (header, _) = one.about.as_ref()?;
            let (_, name) = header.split_once(':')?;
            let place = format!("{}:{}", one.finding.file.display(), one.finding.line);
            Some((one.place, format!("program {},", super::shown(name)), place))
        })
        .collect();
    for (place, name, named) in misspelt {
        let mut missed = found
            .iter_mut()
            .filter(|one| one.finding.code == "unknown-program" && one.finding.text.contains(&name));
        let Some(one) = missed.next() else { continue };
        one.finding.fix = format!("correct the misspelt section header at {named}");
        found.retain(|one| one.finding.code != "unknown-section" || one.place != place);
    }
}

/// Keeps one finding where several codes describe the same mistake on a line.
fn lines(found: &mut Vec<Found>) {
    let with = |fits: &dyn Fn(&str) -> bool| -> BTreeSet<(usize, usize)> {
        let fitting = found.iter().filter(|one| fits(one.finding.code));
        fitting.map(|one| (one.place.file, one.place.at.line)).collect()
    };
    let missing = with(&|code| code.starts_with("host-") && code.ends_with("-missing"));
    let shell = with(&|code| code == "shell-syntax");
    let unknown = with(&|code| code == "unknown-key");
    found.retain(|one| {
        let line = (one.place.file, one.place.at.line);
        match one.finding.code {
            "shell-syntax" | "log-is-directory" => !missing.contains(&line),
            // A duplicate of an ignored key has no effect.
            "duplicate-key" => !unknown.contains(&line),
            "relative-log" => !missing.contains(&line) && !shell.contains(&line),
            _ => true,
        }
    });
}

/// Replaces all findings in a template with one.
fn templates(configuration: &Configuration, found: Vec<Found>) -> Vec<Found> {
    let is_template = |place: Place| configuration.files[place.file].parsed.template.is_some();
    let (of_templates, others): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|one| is_template(one.place) && one.finding.code != "unknown-code");
    let mut findings = Findings { configuration, found: others };
    for (file, content) in configuration.files.iter().enumerate() {
        let Some(sign) = &content.parsed.template else { continue };
        let text = format!(
            "this file looks like an unrendered template ({}: {}), so nothing else is reported for it",
            sign.kind,
            super::shown(&sign.text)
        );
        let fix = match (sign.kind, sign.text.trim_matches(['$', '{', '}'])) {
            ("envsubst", name) if !name.contains(':') => {
                format!("check the rendered file, or write `%(ENV_{name})s`, which supervisord expands")
            }
            _ => "check the rendered file".to_owned(),
        };
        let severities = of_templates.iter().filter(|one| one.place.file == file);
        let worst = severities.map(|one| one.finding.severity).min();
        let place = Place { file, at: sign.at };
        let one = findings.warning("unrendered-template", place, text, fix);
        if worst == Some(Severity::Error) {
            one.finding.severity = Severity::Error;
        }
    }
    findings.found
}

/// Removes findings that comments disable, and reports unknown codes in those comments.
fn disabled(configuration: &Configuration, found: Vec<Found>) -> Vec<Found> {
    let mut findings = Findings { configuration, found };
    for (file, content) in configuration.files.iter().enumerate() {
        for directive in &content.parsed.directives {
            for (code, at) in directive.codes.iter().filter(|(code, _)| codes::code(code).is_none()) {
                let fix = match codes::nearest_code(code) {
                    Some(known) => format!("write `{known}`"),
                    None => "use the code in brackets at the end of a finding".to_owned(),
                };
                let text = format!("there is no code {}", super::shown(code));
                findings.warning("unknown-code", Place { file, at: *at }, text, fix);
            }
        }
    }
    findings.found.retain(|one| {
        let parsed = &configuration.files[one.place.file].parsed;
        let line = one.place.at.line;
        let names_it = |(code, _): &(String, _)| code == one.finding.code;
        let mut directives =
            parsed.directives.iter().filter(|directive| directive.codes.iter().any(names_it));
        !directives.any(|directive| directive.reach.includes(first_line(&parsed.parts, line), line))
    });
    findings.found
}

/// The first line of the entry that contains `line`.
fn first_line(parts: &[SectionPart], line: usize) -> usize {
    let entries = parts.iter().flat_map(|part| &part.entries);
    entries
        .filter(|entry| (entry.at.line..=last_line(entry)).contains(&line))
        .map(|entry| entry.at.line)
        .next()
        .unwrap_or(line)
}
