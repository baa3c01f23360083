// SPDX-License-Identifier: GPL-3.0-or-later
//! `lampi logs`: what the programs say, as Supervisor keeps it.

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
    /// What each of its lines is printed after.
    prefix: String,
}

/// Prints the last lines, and with `--follow` all that come.
pub(crate) fn run(args: &LogsArgs) -> anyhow::Result<()> {
    let programs =
        args.program.map_or_else(|| programs::supervised().copied().collect(), |program| vec![program]);
    let several = programs.len() > 1;
    let mut logs = Vec::new();
    for program in programs {
        let path = path(program, &args.root);
        match log::open(&path) {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                bail!("{} is not for everybody to read; use sudo", path.display())
            }
            Err(error) if error.kind() == ErrorKind::NotFound && !several && !args.follow => {
                bail!("{program} has no log, {}; it was never started", path.display())
            }
            _ => {}
        }
        let prefix = if several { format!("{:12} | ", program.name) } else { String::new() };
        logs.push(Log { path, prefix });
    }
    // Followed from before they are read, so that nothing comes between.
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

/// Where Supervisor keeps what a program says: as its file tells, which only root can read, or as the package has it.
fn path(program: Program, root: &Path) -> PathBuf {
    let conf = system_files::in_root(root, program.conf());
    let told = supervisor_conf::check(&[conf], &Host::new(root)).ok().and_then(|report| {
        report.programs.into_iter().find(|told| told.name == program.name)?.logs.into_iter().next()
    });
    system_files::in_root(root, told.unwrap_or_else(|| program.log().into()))
}
