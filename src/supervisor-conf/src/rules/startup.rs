// SPDX-License-Identifier: GPL-3.0-or-later
//! Faults that supervisord detects only after it has read all files: when it switches to another user, opens
//! its logs and sockets, and raises its limits.

use super::{Findings, Rule, shown};
use crate::configuration::{Located, Section};
use crate::host::{Account, Address};
use crate::model::{Log, Model, Program};
use crate::schema::SectionKind;
use crate::text::Text;
use crate::values;

pub(super) const RULES: &[Rule] =
    &[own_log, own_sockets, own_user, program_users, open_files, addresses, fcgi_addresses, modules];

/// The prefix of Supervisor's own Python modules.
const OWN_MODULE: &str = "supervisor.";

/// A value of `[supervisord]` and its place.
fn setting<'a>(model: &'a Model<'_>, key: &str) -> Option<(&'a Located, Text)> {
    let section = model.configuration.section("supervisord")?;
    let located = model.configuration.get(section, key)?;
    Some((located, model.start_text(section, key)?))
}

/// The user that supervisord switches to, if it is known and not root.
fn user<'a>(model: &'a Model<'_>) -> Option<(String, &'a Account)> {
    let (_, name) = setting(model, "user")?;
    let name = name.to_string();
    let account = model.host.account(&name)?;
    (!account.is_root()).then_some((name, account))
}

/// supervisord's log and pidfile must be files, and a device cannot be rotated.
fn own_log(model: &Model<'_>, findings: &mut Findings<'_>) {
    for key in ["logfile", "pidfile"] {
        let Some((located, text)) = setting(model, key) else { continue };
        let path = model.host.expand_user(&text.to_string());
        let place = located.place(text.at());
        let (consequence, is_log) = match key {
            "logfile" => ("supervisord exits", true),
            _ => ("supervisord writes no pidfile", false),
        };
        let text = format!("`{key}` is the directory {}, so {consequence}", shown(&path));
        let fix = "write the path of a file";
        let code = if path.ends_with('/') {
            "log-is-directory"
        } else if !super::logs::is_device(&path) && !path.is_empty() && model.host.is_directory(&path) {
            "host-log-is-directory"
        } else {
            let rotated = setting(model, "logfile_maxbytes")
                .is_none_or(|(_, size)| values::size(&size.to_string()).is_none_or(|size| size > 0));
            if is_log && super::logs::is_device(&path) && rotated {
                findings.warning(
                    "rotated-device",
                    place,
                    format!("supervisord cannot rotate {}, so it exits at its first message", shown(&path)),
                    "write `logfile_maxbytes=0`",
                );
            }
            continue;
        };
        if is_log {
            findings.error(code, place, text, fix);
        } else {
            findings.warning(code, place, text, fix);
        }
    }
}

/// The directory of a socket must exist, and the socket's path must not be a directory.
fn own_sockets(model: &Model<'_>, findings: &mut Findings<'_>) {
    for (section, path, located) in sockets(model) {
        let text = path.to_string();
        let directory = text.rfind('/').map_or("", |end| if end == 0 { "/" } else { &text[..end] });
        // For [unix_http_server], the conversion of the value reports it.
        if section.kind == SectionKind::FcgiProgram
            && !directory.is_empty()
            && !model.host.is_directory(directory)
            && values::is_fcgi_socket(&format!("unix://{text}"))
        {
            findings.error(
                "host-socket-directory-missing",
                located.place(path.at()),
                format!(
                    "the socket of {} is in {}, which is not an existing directory",
                    section.label(),
                    shown(directory)
                ),
                super::values::directory_fix(directory),
            );
        }
        if !text.is_empty() && model.host.is_directory(&text) {
            findings.error(
                "host-socket-is-directory",
                located.place(path.at()),
                format!("the socket of {} is the directory {}", section.label(), shown(&text)),
                "write the path of a file in it",
            );
        }
    }
}

/// The paths of the sockets that supervisord creates.
fn sockets<'a>(model: &'a Model<'_>) -> Vec<(&'a Section, Text, &'a Located)> {
    let servers = model.configuration.sections.iter().filter_map(|section| {
        let located = model.configuration.get(section, "file")?;
        let text = model.plain_text(section, "file")?;
        let path = model.host.expand_user(&text.to_string());
        let mut expanded = Text::empty_at(text.at());
        expanded.push_str(&path, text.at());
        (section.kind == SectionKind::UnixServer).then_some((section, expanded, located))
    });
    let programs = fcgi_programs(model).filter_map(|program| {
        let (located, text) = socket(model, program)?;
        let path = text.to_string().strip_prefix("unix://")?.to_owned();
        let mut expanded = Text::empty_at(text.at());
        expanded.push_str(&path, text.at());
        Some((program.section, expanded, located))
    });
    servers.chain(programs).collect()
}

fn fcgi_programs<'a>(model: &'a Model<'_>) -> impl Iterator<Item = &'a Program<'a>> {
    let programs = model.programs.iter();
    programs.filter(|program| program.section.kind == SectionKind::FcgiProgram && !program.grouped)
}

/// The socket of a `FastCGI` program.
fn socket<'a>(model: &'a Model<'_>, program: &Program<'a>) -> Option<(&'a Located, Text)> {
    let located = model.configuration.get(program.section, "socket")?;
    Some((located, model.text(program, "socket")?))
}

/// Paths that supervisord's user cannot write. It switches to that user before it opens anything.
fn own_user(model: &Model<'_>, findings: &mut Findings<'_>) {
    let Some((name, account)) = user(model) else { return };
    let who = format!("`user={name}` of [supervisord]");
    let fix = format!("give {name} write permission there, or remove `user` from [supervisord]");
    if let Some((located, text)) = setting(model, "logfile") {
        let path = model.host.expand_user(&text.to_string());
        if model.host.may_write(account, &path) == Some(false) {
            findings.error(
                "host-log-not-writable",
                located.place(text.at()),
                format!("{who} cannot write {}, so supervisord exits", shown(&path)),
                &fix,
            );
        }
    }
    let is_auto = |program: &Program<'_>| {
        let mut logs = program
            .processes
            .iter()
            .flat_map(|process| ["stdout", "stderr"].map(|stream| model.log(program, process, stream)));
        logs.any(|log| log == Some(Log::Auto))
    };
    if let Some((located, text)) = setting(model, "childlogdir")
        && model.programs.iter().any(is_auto)
    {
        let path = model.host.expand_user(&text.to_string());
        if model.host.may_make(account, &format!("{path}/log")) == Some(false) {
            findings.error(
                "host-log-not-writable",
                located.place(text.at()),
                format!("{who} cannot create logs in {}, so supervisord exits", shown(&path)),
                &fix,
            );
        }
    }
    for (section, path, located) in sockets(model) {
        let text = path.to_string();
        if model.host.may_make(account, &text) == Some(false) {
            findings.error(
                "host-socket-not-writable",
                located.place(path.at()),
                format!("{who} cannot create {} of {}, so supervisord exits", shown(&text), section.label()),
                &fix,
            );
        }
    }
    super::logs::for_each_log(model, |log| {
        if let Log::Path(path) = &log.target
            && model.host.may_write(account, path) == Some(false)
        {
            let text = format!("{who} cannot write {}, so the program cannot start", shown(path));
            findings.warning("host-log-not-writable", log.place, text, &fix);
        }
    });
}

/// Only root can switch to another user.
fn program_users(model: &Model<'_>, findings: &mut Findings<'_>) {
    let Some((_, own)) = setting(model, "user") else { return };
    let own = own.to_string();
    let is_root = match model.host.account(&own) {
        Some(account) if !model.host.is_unknown() => account.is_root(),
        _ => matches!(own.as_str(), "root" | "0"),
    };
    if is_root {
        return;
    }
    for program in &model.programs {
        let Some(located) = model.configuration.get(program.section, "user") else { continue };
        let Some(text) = model.text(program, "user") else { continue };
        let user = text.to_string();
        let id = |name: &str| model.host.account(name).and_then(|account| account.id);
        let same = user == own || (!model.host.is_unknown() && id(&user).is_some() && id(&user) == id(&own));
        if !same {
            findings.warning(
                "user-without-root",
                located.place(text.at()),
                format!(
                    "supervisord runs as {} and cannot switch to {}, so the program cannot start",
                    shown(&own),
                    shown(&user)
                ),
                "remove `user` from [supervisord] or from the program",
            );
        }
    }
}

fn open_files(model: &Model<'_>, findings: &mut Findings<'_>) {
    let Some((located, text)) = setting(model, "minfds") else { return };
    let Some(wanted) = values::integer(&text.to_string()) else { return };
    let limit = model.host.most_files(user(model).is_none());
    if wanted > limit {
        findings.error(
            "host-too-many-files",
            located.place(text.at()),
            format!("`minfds` is {wanted}, but supervisord can open at most {limit} files"),
            format!("write {limit} or less"),
        );
    }
}

fn addresses(model: &Model<'_>, findings: &mut Findings<'_>) {
    for section in &model.configuration.sections {
        if section.kind != SectionKind::InetServer {
            continue;
        }
        let Some(located) = model.configuration.get(section, "port") else { continue };
        let Some(text) = model.plain_text(section, "port") else { continue };
        let value = text.to_string();
        if let Some((host, _)) = value.rsplit_once(':')
            && host != "*"
            && values::is_inet_address(&value)
        {
            address(model, section, located, &text, host, findings);
        }
    }
}

fn fcgi_addresses(model: &Model<'_>, findings: &mut Findings<'_>) {
    for program in fcgi_programs(model) {
        let Some((located, text)) = socket(model, program) else { continue };
        let value = text.to_string();
        if let Some((host, _)) = value.strip_prefix("tcp://").and_then(|rest| rest.split_once(':'))
            && values::is_fcgi_socket(&value)
        {
            address(model, program.section, located, &text, host, findings);
        }
    }
}

fn address(
    model: &Model<'_>,
    section: &Section,
    located: &Located,
    text: &Text,
    host: &str,
    findings: &mut Findings<'_>,
) {
    let place = located.place(text.at());
    if host.contains([':', '[', ']']) {
        findings.error(
            "bad-address",
            place,
            format!("{} of {} is not an IPv4 address", shown(host), section.label()),
            "write an IPv4 address, for example 127.0.0.1; Supervisor does not support IPv6 here",
        );
        return;
    }
    if model.host.is_unknown() {
        return;
    }
    let text = match model.host.address(&host.to_lowercase()) {
        Address::Usable => return,
        Address::Unresolvable => format!("{} does not resolve to an IPv4 address", shown(host)),
        Address::Elsewhere => format!("{} is not an address of this machine", shown(host)),
    };
    findings.error(
        "host-address-unusable",
        place,
        format!("{text}, so supervisord exits when it opens the server of {}", section.label()),
        "write 127.0.0.1 for local access only, or *:PORT for all addresses",
    );
}

/// Only Python itself can find out whether a module can be imported. One finding, at the first module, lists
/// all.
fn modules(model: &Model<'_>, findings: &mut Findings<'_>) {
    let mut foreign = Vec::new();
    for section in &model.configuration.sections {
        let key = match section.kind {
            SectionKind::RpcInterface => super::values::FACTORY,
            SectionKind::EventListener => "result_handler",
            _ => continue,
        };
        let Some(located) = model.configuration.get(section, key) else { continue };
        let Some(text) = model.plain_text(section, key) else { continue };
        let value = text.to_string();
        if values::is_entry_point(&value) && !value.starts_with(OWN_MODULE) {
            foreign.push((located.place(text.at()), shown(&value)));
        }
    }
    let Some((first, _)) = foreign.iter().min_by_key(|(place, _)| *place) else { return };
    let mut names: Vec<&str> = foreign.iter().map(|(_, name)| name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    findings.hint(
        "host-unchecked-module",
        *first,
        format!("cannot check whether supervisord can import {}", names.join(", ")),
        "try the import with the Python that runs supervisord",
    );
}
