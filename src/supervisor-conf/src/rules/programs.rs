// SPDX-License-Identifier: GPL-3.0-or-later
//! Required and contradictory settings of programs, event listeners and `FastCGI` programs.

use super::{Findings, Rule, shown};
use crate::configuration::Located;
use crate::model::{Model, Program};
use crate::schema::SectionKind;

pub(super) const RULES: &[Rule] = &[
    missing_command,
    missing_process_num,
    kill_without_stop,
    no_processes,
    empty_process_name,
    missing_directory,
    listener,
    fcgi_socket,
];

fn missing_command(model: &Model<'_>, findings: &mut Findings<'_>) {
    for program in &model.programs {
        if !program.processes.is_empty() && model.configuration.get(program.section, "command").is_none() {
            findings
                .error(
                    "missing-command",
                    program.section.place(),
                    format!("{} has no `command`", program.section.label()),
                    "add `command=/PATH/TO/PROGRAM`",
                )
                .about(&program.section.header, "command");
        }
    }
}

fn missing_process_num(model: &Model<'_>, findings: &mut Findings<'_>) {
    for program in &model.programs {
        let Some(numprocs) = model.configuration.get(program.section, "numprocs") else { continue };
        if model.integer(program, "numprocs").unwrap_or(1) <= 1 {
            continue;
        }
        let name = model.configuration.get(program.section, "process_name");
        if !name.is_some_and(|name| name.entry.value.to_string().contains("%(process_num)")) {
            let found = findings.error(
                "process-num-missing",
                name.unwrap_or(numprocs).value_place(),
                format!("the processes of {} would all have the same name", program.section.label()),
                "write `process_name=%(program_name)s_%(process_num)02d`",
            );
            if name.is_none() {
                found.about(&program.section.header, "process_name");
            }
        }
    }
}

fn kill_without_stop(model: &Model<'_>, findings: &mut Findings<'_>) {
    for program in &model.programs {
        let stop = model.boolean(program, "stopasgroup");
        let kill = model.boolean(program, "killasgroup");
        if stop == Some(true)
            && kill == Some(false)
            && let Some(located) = model.configuration.get(program.section, "killasgroup")
        {
            findings.error(
                "stop-without-kill",
                located.value_place(),
                "supervisord refuses `killasgroup=false` with `stopasgroup=true`",
                "remove `killasgroup`; it defaults to the value of `stopasgroup`",
            );
        }
    }
}

fn no_processes(model: &Model<'_>, findings: &mut Findings<'_>) {
    for program in &model.programs {
        if program.processes.is_empty()
            && let Some(numprocs) = model.configuration.get(program.section, "numprocs")
        {
            findings.warning(
                "no-processes",
                numprocs.value_place(),
                format!("{} never runs, because `numprocs` is less than 1", program.section.label()),
                "write 1 or more; to disable the program, use `autostart=false`",
            );
        }
    }
}

fn empty_process_name(model: &Model<'_>, findings: &mut Findings<'_>) {
    for program in &model.programs {
        let Some(located) = model.configuration.get(program.section, "process_name") else { continue };
        if located.entry.value.is_empty() {
            findings.warning(
                "empty-name",
                located.value_place(),
                "`process_name` is empty, so no supervisorctl command can refer to the process",
                "write a name or remove `process_name`",
            );
        }
    }
}

fn missing_directory(model: &Model<'_>, findings: &mut Findings<'_>) {
    for program in &model.programs {
        let Some(located) = model.configuration.get(program.section, "directory") else { continue };
        for process in &program.processes {
            let Some(value) = model.process_text(program, process, "directory") else { continue };
            let directory = value.to_string();
            let place = located.place(value.at());
            if directory.starts_with('~') {
                findings.warning(
                    "tilde-not-expanded",
                    place,
                    "Supervisor does not expand `~` in `directory`, so the program cannot start",
                    "write the absolute path",
                );
            } else if directory.is_empty() || !model.host.is_directory(&directory) {
                let fix = match super::paths::variable(&directory) {
                    Some((_, name)) => {
                        let bare = name.trim_matches(['$', '{', '}']);
                        format!("write `%(ENV_{bare})s`; Supervisor does not expand {}", shown(&name))
                    }
                    None => "create it or correct the path".to_owned(),
                };
                findings.warning(
                    "host-directory-missing",
                    place,
                    format!(
                        "the directory {} does not exist, so the program cannot start",
                        shown(&directory)
                    ),
                    fix,
                );
            }
        }
    }
}

fn listener(model: &Model<'_>, findings: &mut Findings<'_>) {
    for program in of_kind(model, SectionKind::EventListener) {
        let events = model.configuration.get(program.section, "events");
        if events.is_none_or(|events| events.entry.value.is_empty()) {
            findings
                .error(
                    "missing-events",
                    events.map_or(program.section.place(), Located::value_place),
                    format!("{} has no `events`", program.section.label()),
                    "add for example `events=PROCESS_STATE`",
                )
                .about(&program.section.header, "events");
        }
        if let Some(located) = model.configuration.get(program.section, "redirect_stderr")
            && model.boolean(program, "redirect_stderr") == Some(true)
        {
            findings.error(
                "redirect-in-listener",
                located.value_place(),
                "an event listener sends replies to supervisord on standard output, so standard error cannot go there",
                "remove `redirect_stderr` or set it to false",
            );
        }
    }
}

fn fcgi_socket(model: &Model<'_>, findings: &mut Findings<'_>) {
    for program in of_kind(model, SectionKind::FcgiProgram) {
        if program.grouped {
            // If a [program:x] has the same name, another rule reports it.
            let twin = format!("program:{}", program.section.name());
            if model.configuration.section(&twin).is_some() {
                continue;
            }
            findings.warning(
                "fcgi-in-group",
                program.section.place(),
                "Supervisor starts a FastCGI program without its socket if it is in a [group:x]",
                "remove it from the group",
            );
            continue;
        }
        let socket = model.configuration.get(program.section, "socket");
        if socket.is_none_or(|socket| socket.entry.value.is_empty()) {
            findings
                .error(
                    "missing-socket",
                    socket.map_or(program.section.place(), Located::value_place),
                    format!("{} has no `socket`", program.section.label()),
                    "add for example `socket=unix:///run/%(program_name)s.sock`",
                )
                .about(&program.section.header, "socket");
        }
        let tcp = socket.is_some_and(|socket| socket.entry.value.to_string().starts_with("tcp://"));
        for key in ["socket_owner", "socket_mode"] {
            if tcp && let Some(located) = model.configuration.get(program.section, key) {
                findings.error(
                    "owner-of-tcp-socket",
                    located.place(located.entry.at),
                    format!("supervisord refuses `{key}` for a TCP socket"),
                    "remove it",
                );
            }
        }
    }
}

fn of_kind<'a>(model: &'a Model<'_>, kind: SectionKind) -> impl Iterator<Item = &'a Program<'a>> {
    model.programs.iter().filter(move |program| program.section.kind == kind)
}
