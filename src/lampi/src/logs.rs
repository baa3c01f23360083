// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi logs`: prints the logs that Supervisor writes.

mod follow;
mod merge;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::bail;
use supervisor_client::log;
use supervisor_conf::Host;

use programs::Program;
use programs::lampi::LogsArgs;
use runtime::output;

/// The log of a program.
#[derive(Debug)]
struct Log {
    path: PathBuf,
    /// Prefix of each printed line.
    prefix: String,
}

/// Prints the last lines, and with `--follow` all new lines.
pub(crate) fn run(args: &LogsArgs) -> anyhow::Result<()> {
    let programs =
        args.program.map_or_else(|| programs::supervised().copied().collect(), |program| vec![program]);
    let several = programs.len() > 1;
    let mut logs = Vec::new();
    for program in programs {
        let path = path(program, &args.root);
        match log::open(&path) {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                bail!("cannot read {}: permission denied; run it again with sudo", path.display())
            }
            Err(error) if error.kind() == ErrorKind::NotFound && !several && !args.follow => {
                bail!("{} does not exist: {program} was never started", path.display())
            }
            _ => {}
        }
        let prefix = if several { format!("{:12} | ", program.name) } else { String::new() };
        logs.push(Log { path, prefix });
    }
    // The watch starts before the logs are read, so that no line is missed.
    let follower = if args.follow { Some(follow::Follower::new(&logs)?) } else { None };
    let mut last = Vec::new();
    for log in &logs {
        last.push(log::last_lines(&log.path, args.lines)?);
    }
    let ends: Vec<log::End> = last.iter().map(|tail| tail.end).collect();
    for (log, line) in merge::in_order(last.into_iter().map(|tail| tail.lines).collect()) {
        print(&logs[log], &line)?;
    }
    match follower {
        Some(follower) => follower.run(&logs, &ends),
        None => Ok(()),
    }
}

fn print(log: &Log, line: &[u8]) -> anyhow::Result<()> {
    Ok(output::bytes(&[log.prefix.as_bytes(), line, b"\n"].concat())?)
}

/// The log of a program: as set in its file, which only root can read, or else the package's default.
fn path(program: Program, root: &Path) -> PathBuf {
    let conf = system_files::in_root(root, program.conf());
    let log = supervisor_conf::check(&[conf], &Host::new(root)).ok().and_then(|report| {
        report.programs.into_iter().find(|found| found.name == program.name)?.logs.into_iter().next()
    });
    system_files::in_root(root, log.unwrap_or_else(|| program.log().into()))
}
