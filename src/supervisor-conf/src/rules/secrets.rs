// SPDX-License-Identifier: GPL-3.0-or-later
//! Passwords in files that every user of the machine can read.

use super::{Findings, Rule};
use crate::configuration::Place;
use crate::model::Model;
use crate::schema::SectionKind;
use crate::shlex::environment;

pub(super) const RULES: &[Rule] = &[readable_secret];

fn readable_secret(model: &Model<'_>, findings: &mut Findings<'_>) {
    for (file, content) in model.configuration.files.iter().enumerate() {
        if !content.world_readable {
            continue;
        }
        for part in &content.parsed.parts {
            let kind = SectionKind::of(&part.header);
            for entry in &part.entries {
                match entry.key.as_str() {
                    "password" if matches!(kind, SectionKind::UnixServer | SectionKind::InetServer) => {
                        report("password", Place { file, at: entry.value.at() }, findings);
                    }
                    "environment" if kind.is_program() || kind == SectionKind::Supervisord => {
                        for pair in environment(&entry.value).unwrap_or_default() {
                            if is_secret(&pair.name, &pair.value) {
                                report(&pair.name, Place { file, at: pair.at }, findings);
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}

fn report(name: &str, place: Place, findings: &mut Findings<'_>) {
    findings.warning(
        "host-readable-secret",
        place,
        format!("every user can read {name} in this file"),
        format!("run: chmod o-r {}", findings.configuration.path(place).display()),
    );
}

/// Whether a variable's name suggests a secret, and its value is not a path or another variable.
fn is_secret(name: &str, value: &str) -> bool {
    let name = name.to_uppercase();
    let words = || name.split(['_', '-', '.']);
    let telling =
        ["PASSWORD", "PASSWD", "PASSPHRASE", "TOKEN", "SECRET"].iter().any(|word| name.contains(word))
            || words().any(|word| matches!(word, "KEY" | "PASS" | "APIKEY" | "CREDENTIALS"));
    telling
        && !words().any(|word| matches!(word, "FILE" | "PATH" | "DIR" | "PUBLIC"))
        && !value.is_empty()
        && !value.starts_with(['/', '%'])
}
