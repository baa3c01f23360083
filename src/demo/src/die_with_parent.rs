// SPDX-License-Identifier: GPL-3.0-or-later
//! Starts programs that cannot outlive this process, not even when it is killed by SIGKILL.
//!
//! The kernel can be asked to kill a process when its parent dies, but only by that process itself. So this program
//! starts itself once more, asks for that, and becomes the program that is meant.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::getppid;

/// A call of `program` that ends with this process; arguments may be added. It must be made by a thread that lasts as long as
/// the process, because the kernel takes the end of that thread for the end of the parent.
pub(crate) fn command(program: &Path) -> Command {
    // This path leads to the program even when another one was compiled to its place.
    let mut command = Command::new("/proc/self/exe");
    command.arg("die-with-parent").arg(std::process::id().to_string()).arg(program);
    command
}

/// Becomes the program that the first word of `command_line` names, with the others as its arguments, which ends with the
/// process `parent`. Returns only to say why that failed.
pub(crate) fn exec(parent: u32, command_line: &[OsString]) -> anyhow::Result<()> {
    let [program, arguments @ ..] = command_line else { bail!("the program is missing") };
    set_pdeathsig(Signal::SIGKILL).context("cannot ask for the end with the parent")?;
    // It may have ended before that was asked.
    if getppid().as_raw().cast_unsigned() != parent {
        bail!("process {parent} is not the parent, or not any more");
    }
    let error = Command::new(program).args(arguments).exec();
    Err(error).with_context(|| format!("cannot start {}", Path::new(program).display()))
}
