// SPDX-License-Identifier: GPL-3.0-or-later
//! Logs that are lost, grow without limit or conflict with each other.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Findings, Rule, shown};
use crate::configuration::{Place, Section};
use crate::model::{Log, Model, log_path};
use crate::values;

pub(super) const RULES: &[Rule] = &[odd_log, ignored_stderr_log, shared_log];

const STREAMS: [&str; 2] = ["stdout", "stderr"];

/// Whether this is a device, for example supervisord's own output: it cannot be rotated.
pub(super) fn is_device(path: &str) -> bool {
    let of_process = path.starts_with("/proc/") && path.contains("/fd/");
    of_process || (path.starts_with("/dev/") && path != "/dev/null" && !path.starts_with("/dev/shm/"))
}

fn odd_log(model: &Model<'_>, findings: &mut Findings<'_>) {
    for_each_log(model, |log| {
        let Logging { stream, place, ref target, rotated, section } = *log;
        match target {
            Log::Auto if !rotated => findings.warning(
                "unbounded-log",
                place,
                format!("{stream} of {} goes to a temporary file without a size limit", section.label()),
                format!("write `{stream}_logfile=NONE` or a size above 0"),
            ),
            Log::Syslog => findings.warning(
                "deprecated-syslog",
                place,
                format!("`{stream}_logfile=syslog` is deprecated, and Supervisor will remove it"),
                format!("write `{stream}_syslog=true` and `{stream}_logfile=NONE`"),
            ),
            Log::Path(path) if is_device(path) && rotated => findings.warning(
                "rotated-device",
                place,
                format!("Supervisor cannot rotate {}, so the program's output is lost", shown(path)),
                format!("write `{stream}_logfile_maxbytes=0`"),
            ),
            Log::Path(path) if path.ends_with('/') || (!is_device(path) && model.host.is_directory(path)) => {
                let code = if path.ends_with('/') { "log-is-directory" } else { "host-log-is-directory" };
                findings.warning(
                    code,
                    place,
                    format!("{} is a directory, so the program cannot start", shown(path)),
                    "write the path of a file",
                )
            }
            Log::Path(path) if !path.starts_with('/') && !model.host.knows_working_directory() => findings
                .warning(
                    "relative-log",
                    place,
                    format!(
                        "{} is a relative path: supervisord writes it in its own working directory",
                        shown(path)
                    ),
                    "write the absolute path",
                ),
            _ => return,
        };
    });
}

fn ignored_stderr_log(model: &Model<'_>, findings: &mut Findings<'_>) {
    for program in &model.programs {
        if model.boolean(program, "redirect_stderr") != Some(true) {
            continue;
        }
        let Some(located) = model.configuration.get(program.section, "stderr_logfile") else { continue };
        let mut logs = program.processes.iter().filter_map(|process| model.log(program, process, "stderr"));
        if logs.any(|log| matches!(log, Log::Path(_) | Log::Syslog)) {
            findings.warning(
                "stderr-log-ignored",
                located.place(located.entry.at),
                "`stderr_logfile` has no effect with `redirect_stderr=true`",
                "remove one of them",
            );
        }
    }
}

/// Two writers of one file conflict only if one rotates it: the other still writes to the old file.
fn shared_log(model: &Model<'_>, findings: &mut Findings<'_>) {
    let mut writers: BTreeMap<PathBuf, Vec<(String, Place, bool)>> = BTreeMap::new();
    if let Some((path, place, rotated)) = supervisord_log(model) {
        writers.entry(path).or_default().push(("supervisord".to_owned(), place, rotated));
    }
    for_each_log(model, |log| {
        let Log::Path(path) = &log.target else { return };
        if path.is_empty() || path.starts_with("/dev/") {
            return;
        }
        let writer = format!("{} of {}", log.stream, log.section.label());
        writers.entry(log_path(path, model.host)).or_default().push((writer, log.place, log.rotated));
    });
    for (path, writers) in writers {
        if !writers.iter().any(|(_, _, rotated)| *rotated) {
            continue;
        }
        let (first, first_place, _) = &writers[0];
        for (writer, place, _) in &writers[1..] {
            let path = shown(&path.to_string_lossy());
            if place == first_place {
                findings.warning(
                    "shared-log",
                    *place,
                    format!(
                        "all processes of {} write to {path} and rotate it, so lines are lost",
                        writer_section(writer)
                    ),
                    "add %(process_num)s to the name",
                );
            } else {
                let first_at = findings.named(*first_place);
                findings.warning(
                    "shared-log",
                    *place,
                    format!("{writer} writes to {path}, and so does {first} at {first_at}: when one rotates it, the other loses lines"),
                    "use a separate file for each",
                );
            }
        }
    }
}

fn writer_section(writer: &str) -> &str {
    writer.split_once(" of ").map_or(writer, |(_, section)| section)
}

fn supervisord_log(model: &Model<'_>) -> Option<(PathBuf, Place, bool)> {
    let section = model.configuration.section("supervisord")?;
    let place = model.configuration.get(section, "logfile")?.value_place();
    let path = model.plain_text(section, "logfile")?.to_string();
    let size = model.plain_text(section, "logfile_maxbytes");
    let rotated = size.is_none_or(|size| values::size(&size.to_string()).is_none_or(|size| size > 0));
    Some((log_path(&model.host.expand_user(&path), model.host), place, rotated))
}

/// One stream of one process and its target.
pub(super) struct Logging<'a> {
    section: &'a Section,
    stream: &'static str,
    pub target: Log,
    rotated: bool,
    pub place: Place,
}

/// Visits each log that is written and has a setting for its target or size.
pub(super) fn for_each_log(model: &Model<'_>, mut look: impl FnMut(&Logging<'_>)) {
    for program in &model.programs {
        for process in &program.processes {
            for stream in STREAMS {
                if stream == "stderr" && model.boolean(program, "redirect_stderr") == Some(true) {
                    continue;
                }
                let said = [format!("{stream}_logfile"), format!("{stream}_logfile_maxbytes")];
                let said = said.iter().find_map(|key| model.configuration.get(program.section, key));
                let (Some(located), Some(target), Some(size)) =
                    (said, model.log(program, process, stream), model.log_size(program, process, stream))
                else {
                    continue;
                };
                let (section, place) = (program.section, located.value_place());
                look(&Logging { section, stream, target, rotated: size > 0, place });
            }
        }
    }
}
