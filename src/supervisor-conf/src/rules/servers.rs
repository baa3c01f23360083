// SPDX-License-Identifier: GPL-3.0-or-later
//! Sections for servers, plugins and included files, and sections that only the main file may have.

use super::values::FACTORY;
use super::{Findings, Rule, shown};
use crate::model::Model;
use crate::schema::SectionKind;

pub(super) const RULES: &[Rule] = &[required_keys, half_authentication, ignored_section, unmatched_include];

fn required_keys(model: &Model<'_>, findings: &mut Findings<'_>) {
    for section in &model.configuration.sections {
        let (key, fix) = match section.kind {
            SectionKind::UnixServer => ("file", "add for example `file=/run/supervisor.sock`"),
            SectionKind::InetServer => ("port", "add for example `port=127.0.0.1:9001`"),
            SectionKind::RpcInterface => (FACTORY, "add `supervisor.rpcinterface_factory = MODULE:FUNCTION`"),
            SectionKind::Include if model.configuration.files[section.place().file].main => {
                ("files", "add for example `files=/etc/supervisor/conf.d/*.conf`")
            }
            _ => continue,
        };
        if model.configuration.get(section, key).is_none() {
            let text = format!("{} has no `{key}`", section.label());
            findings.error("missing-key", section.place(), text, fix).about(&section.header, key);
        }
    }
}

fn half_authentication(model: &Model<'_>, findings: &mut Findings<'_>) {
    for section in &model.configuration.sections {
        if !matches!(section.kind, SectionKind::UnixServer | SectionKind::InetServer) {
            continue;
        }
        let [username, password] = ["username", "password"].map(|key| model.configuration.get(section, key));
        let (given, missing) = match (username, password) {
            (Some(given), None) => (given, "password"),
            (None, Some(given)) => (given, "username"),
            _ => continue,
        };
        findings.error(
            "half-authentication",
            given.place(given.entry.at),
            format!("{} has `{}` without `{missing}`", section.label(), given.entry.key),
            "set both or neither",
        );
    }
}

/// supervisorctl reads only the main file, and supervisord reads `[include]` only there.
fn ignored_section(model: &Model<'_>, findings: &mut Findings<'_>) {
    for section in &model.configuration.sections {
        if !matches!(section.kind, SectionKind::Include | SectionKind::Supervisorctl | SectionKind::CtlPlugin)
        {
            continue;
        }
        for place in &section.headers {
            if !model.configuration.files[place.file].main {
                findings.warning(
                    "ignored-section",
                    *place,
                    format!("{} has no effect in an included file", section.label()),
                    "move it to the main file, supervisord.conf",
                );
            }
        }
    }
}

fn unmatched_include(model: &Model<'_>, findings: &mut Findings<'_>) {
    for (pattern, place) in &model.configuration.unmatched_includes {
        findings.warning(
            "host-unmatched-include",
            *place,
            format!("included file {} does not exist", shown(pattern)),
            "create it or correct the path",
        );
    }
}
